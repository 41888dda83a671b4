"""Every word that can stand in a log line of ours, and the one way to write it.

    from cornerman.log_catalog import log
    from cornerman.log_catalog.store import LOG_STORE_CREATED

    log(LOG_STORE_CREATED, path=str(path))

One file a component holds its constants. Nothing here imports structlog until a program of ours calls `configure`.
"""

from .configuration import conclude, configure, held
from .constant import CatalogError, Component, Level, LogConstant, component
from .emitting import Event, add_sink, bound, captured, keep_private, log, set_level, set_private_level
from .fan_out import LineWithoutRun
from .levels import parse_levels
from .registered import (
    component_of_logger,
    forget_code,
    forget_log_domain,
    register_code,
    register_log_domain,
)
from .whole_catalog import (
    ComponentSnapshot,
    catalog,
    components,
    get_component_snapshot,
    get_constant_by_code,
    list_known_components,
    problems,
)

__all__ = [
    "CatalogError",
    "Component",
    "ComponentSnapshot",
    "Event",
    "Level",
    "LineWithoutRun",
    "LogConstant",
    "add_sink",
    "bound",
    "captured",
    "catalog",
    "component",
    "component_of_logger",
    "components",
    "conclude",
    "configure",
    "forget_code",
    "forget_log_domain",
    "get_component_snapshot",
    "get_constant_by_code",
    "held",
    "keep_private",
    "list_known_components",
    "log",
    "parse_levels",
    "problems",
    "register_code",
    "register_log_domain",
    "set_level",
    "set_private_level",
]
