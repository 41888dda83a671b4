"""Every word that can stand in a log line of ours, and the one way to write it.

    from cornerman.log_catalog import log
    from cornerman.log_catalog.store import LOG_STORE_CREATED

    log(LOG_STORE_CREATED, path=str(path))

One file a component holds its constants. Nothing here imports structlog until a program of ours calls `configure`.
"""

from .configuration import configure
from .constant import CatalogError, Component, Level, LogConstant, by_code, catalog, component, components
from .emitting import Event, captured, log, set_private_level

__all__ = [
    "CatalogError",
    "Component",
    "Event",
    "Level",
    "LogConstant",
    "by_code",
    "captured",
    "catalog",
    "component",
    "components",
    "configure",
    "log",
    "set_private_level",
]
