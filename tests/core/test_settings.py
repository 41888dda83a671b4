"""One definition of every setting, four layers, and the origin of each value."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from cornerman.core.dot_env import dot_env
from cornerman.core.errors import InvalidOption
from cornerman.core.frames_option import parse_frames
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.core.setting_key import SettingKey
from cornerman.core.setting_keys import KEYS, key
from cornerman.core.setting_sources import user_config_file
from cornerman.core.settings import Settings, load_settings
from cornerman.core.variables import OTHERS, misspelt
from cornerman.log_catalog import captured
from cornerman.log_catalog.settings import LOG_SETTING_IGNORED

ROOT = Path(__file__).parents[2]

OUTSIDE = [
    (name, value)
    for name, setting in KEYS.items()
    for value in (
        *([setting.minimum - 1] if setting.minimum is not None else []),
        *([setting.maximum + 1] if setting.maximum is not None else []),
        *(["neither"] if setting.choices or setting.kind in ("bool", "auto or bool") else []),
        *(["many", "", None, [1], True, float("nan")] if setting.kind in ("int", "bytes", "float") else []),
        *(["pink", "every=0"] if setting.kind in ("frames", "sample") else []),
    )
]


def write_config(text: str, path: Path | None = None) -> Path:
    """The user's configuration file of this test, or another one."""
    path = path or user_config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def fields_of(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Every leaf field of the model by its dotted name."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= fields_of(field.annotation, f"{prefix}{name}.")
        else:
            found[prefix + name] = field
    return found


def test_the_model_is_the_table() -> None:
    """Names, defaults and descriptions have one origin; so no two places can disagree."""
    fields = fields_of(Settings)
    assert sorted(fields) == sorted(KEYS)
    for name, field in fields.items():
        assert field.default == KEYS[name].default
        assert field.description == KEYS[name].description
        assert Settings().get(name) == KEYS[name].default


def test_the_recorders_defaults_are_the_models() -> None:
    """What a recording obeys without a word from anybody is what `config show` shows."""
    assert load_settings(environ={}).recorder() == RecorderSettings() == RecorderSettings.from_environment(environ={})


@pytest.mark.parametrize("setting", KEYS.values(), ids=list(KEYS))
def test_every_setting_is_explained(setting: SettingKey) -> None:
    """A default within its bounds, a description, a place of enforcement, and whether it touches the data."""
    assert setting.description.endswith(".")
    assert setting.enforced
    assert setting.bounds
    assert setting.effect in ("view only", "affects stored data")
    assert setting.environment.startswith("CORNERMAN_")
    if setting.default is not None:
        assert setting.parse(setting.default, "here") == setting.default


@pytest.mark.parametrize("setting", KEYS.values(), ids=list(KEYS))
def test_every_setting_is_obeyed_by_code_that_is_there(setting: SettingKey) -> None:
    """The function that a setting names as the one that obeys it exists, and reads it; so none can do nothing."""
    module, _, function = setting.obeyed_by.partition(":")
    tree: ast.AST = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    for part in function.split("."):
        tree = next(node for node in ast.walk(tree) if getattr(node, "name", None) == part)
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    read |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {setting.leaf, setting.name, setting.environment, setting.name.replace(".", "_")} & read


def test_view_settings_never_touch_what_is_stored() -> None:
    """The section's name is a promise."""
    assert all(one.effect == "view only" for one in KEYS.values() if one.name.startswith("view."))


@pytest.mark.parametrize(("name", "value"), OUTSIDE)
def test_a_value_out_of_bounds_names_key_origin_and_bounds(name: str, value: object) -> None:
    """What a person needs to mend it."""
    with pytest.raises(InvalidOption, match=name) as caught:
        key(name).parse(value, "the moon")
    assert "the moon" in caught.value.what
    assert "Allowed" in caught.value.remedy


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value in OUTSIDE if type(value) in (int, float)])
def test_the_model_has_the_same_bounds(name: str, value: float) -> None:
    """Whoever builds a model without the sources is held to them too."""
    section, _, leaf = name.partition(".")
    with pytest.raises(ValidationError):
        Settings.model_validate({section: {leaf: value}})


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("10 GiB", 10 << 30), ("500MB", 500_000_000), ("2k", 2000), ("1.5 KiB", 1536), ("1_000", 1000), ("7 B", 7)],
)
def test_sizes_are_written_as_people_write_them(text: str, bytes_: int) -> None:
    """Powers of ten, or of two with an i."""
    assert key("storage.max_store_bytes").parse(text, "here") == bytes_


def test_the_later_source_wins(tmp_path: Path) -> None:
    """Defaults < the user's file < $CORNERMAN_CONFIG < environment < flags; each says so."""
    write_config("[view]\nfps = 1\nbyte_budget = 11000\n[storage]\nrows_per_chunk = 100\n[log]\nlevel = 'INFO'")
    named = write_config("[view]\nfps = 2\n[storage]\nrows_per_chunk = 200\n", tmp_path / "named.toml")
    environ = {"CORNERMAN_CONFIG": str(named), "CORNERMAN_VIEW_FPS": "3", "CORNERMAN_LOG_LEVEL": "ERROR"}
    settings = load_settings({"view.fps": 4, "view.ascii": None}, environ)
    values = settings.values
    assert (values.view.fps, values.log.level, values.storage.rows_per_chunk) == (4, "ERROR", 200)
    assert (values.view.byte_budget, values.view.ascii) == (11000, None)
    (explained,) = settings.explain("view.fps")
    assert explained.origin == "--view.fps"
    assert [value for _, value in explained.layers] == [30, 1, 2, 3, 4]
    assert [origin for origin, _ in explained.layers][1:4] == [
        f"view.fps in {user_config_file()}",
        f"view.fps in {named}",
        "$CORNERMAN_VIEW_FPS",
    ]


def test_recording_and_watching_read_the_same_sources() -> None:
    """A file and variables give both the same values."""
    write_config(
        '[identity]\nstore = "~/elsewhere"\n[storage]\nmax_store_bytes = "1 GiB"\n[producer]\nframes = [0, 2]\n'
    )
    environ = {"CORNERMAN_STORAGE_MIN_FREE_BYTES": "1 MiB", "CORNERMAN_PRODUCER_ENABLED": "off"}
    recorded = RecorderSettings.from_environment(environ=environ)
    assert recorded == load_settings(environ=environ).recorder()
    assert recorded.store == Path.home() / "elsewhere"
    assert (recorded.max_store_bytes, recorded.min_free_bytes, recorded.enabled) == (1 << 30, 1 << 20, False)
    assert recorded.frames == parse_frames("envs=0,2")


def test_a_mistake_stops_a_command_and_not_a_training() -> None:
    """The same wrong value: refused by the programs we start, logged and ignored where a loop must go on."""
    environ = {"CORNERMAN_STORAGE_ROWS_PER_CHUNK": "many", "CORNERMAN_PRODUCER_ENABLED": "0"}
    with pytest.raises(InvalidOption, match="CORNERMAN_STORAGE_ROWS_PER_CHUNK"):
        load_settings(environ=environ)
    with captured() as events:
        recorded = RecorderSettings.from_environment(environ=environ)
    assert [event.constant for event in events] == [LOG_SETTING_IGNORED]
    assert (recorded.rows_per_chunk, recorded.enabled) == (2048, False)


@pytest.mark.parametrize("content", ["[view", "\x00\x01", "[view]\nfpss = 3", "a = 1"])
def test_a_broken_file_never_stops_a_training(content: str) -> None:
    """Half a file, a foreign file, a key that is none."""
    write_config(content)
    with pytest.raises(InvalidOption):
        load_settings(environ={})
    with captured() as events:
        assert RecorderSettings.from_environment(environ={}) == RecorderSettings()
    assert events


def test_a_named_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    """The user's own file may be absent; the one that was named may not."""
    assert load_settings(environ={}).values == Settings()
    with pytest.raises(InvalidOption, match=r"gone\.toml"):
        load_settings(environ={"CORNERMAN_CONFIG": str(tmp_path / "gone.toml")})


def test_unknown_keys_are_told_what_is_near() -> None:
    """A typo is answered with what was probably meant."""
    with pytest.raises(InvalidOption, match=r"view\.fps"):
        key("view.fpss")
    found = misspelt({"CORNERMAN_VIEW_FSP": "1", "CORNERMAN_VEIW_ASCII": "1", "CORNERMAN_RUN": "x", "HOME": "/"})
    assert [(one.name, one.meant) for one in found] == [
        ("CORNERMAN_VEIW_ASCII", "CORNERMAN_VIEW_ASCII"),
        ("CORNERMAN_VIEW_FSP", "CORNERMAN_VIEW_FPS"),
    ]


def test_settings_have_a_schema() -> None:
    """Bounds, unit and effect are in the model's own JSON Schema."""
    fps = Settings.model_json_schema()["$defs"]["ViewSettings"]["properties"]["fps"]
    assert (fps["minimum"], fps["maximum"], fps["effect"]) == (1, 30, "view only")


def test_the_recorders_settings_load_no_model() -> None:
    """The training process pays for the standard library only."""
    program = "import sys, cornerman.core.recorder_settings as it; it.RecorderSettings.from_environment()\n"
    program += "print(sorted({'pydantic', 'numpy', 'structlog', 'platformdirs'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_every_variable_that_the_code_reads_is_known() -> None:
    """So that any other is a misspelling: a variable of ours is a setting, or in the list of the few others."""
    known = {setting.environment for setting in KEYS.values()} | OTHERS.keys()
    for folder in ("adapters", "core", "store", "tui", "log_catalog"):
        for file in (ROOT / folder).rglob("*.py"):
            found = set(re.findall(r"CORNERMAN_[A-Z]\w*", file.read_text(encoding="utf-8")))
            assert found <= known, f"{file}: add {sorted(found - known)} to core/variables.py"


def test_a_profile_lies_between_the_defaults_and_everything_else() -> None:
    """It changes defaults, and nothing that anybody said."""
    write_config("[producer]\nprofile = 'telemetry-only'\n[storage]\nrows_per_chunk = 100\n")
    settings = load_settings(environ={})
    assert (settings.values.producer.frames, settings.values.storage.rows_per_chunk) == ("none", 100)
    assert settings.explain("producer.frames")[0].origin == "the profile telemetry-only"
    assert load_settings(environ={"CORNERMAN_PRODUCER_PROFILE": "debug"}).values.storage.rows_per_chunk == 100
    assert load_settings({"producer.profile": "debug"}, {}).values.log.level == "DEBUG"
    assert RecorderSettings.from_environment(environ={}).chosen["producer"]["profile"] == "telemetry-only"


def test_a_dot_env_is_told_from_what_holds(tmp_path: Path) -> None:
    """It is not read; what is wrong in it, and what nobody exported, is said."""
    (tmp_path / ".env").write_text(
        "A=1\nexport CORNERMAN_VIEW_FPS='70'\nCORNERMAN_VEIW_ASCII=1\nCORNERMAN_LOG_LEVEL=INFO"
    )
    found = dot_env(tmp_path)
    assert found is not None
    assert found.missing({"CORNERMAN_LOG_LEVEL": "INFO"}) == ["CORNERMAN_VIEW_FPS", "CORNERMAN_VEIW_ASCII"]
    problems = [str(problem) for problem in found.problems({})]
    assert ["VEIW" in problems[0], "70" in problems[1], "not read" in problems[2]] == [True] * 3
    assert dot_env(tmp_path / "elsewhere") is None


def test_a_value_is_said_with_its_unit_and_0_with_what_it_means() -> None:
    said = {name: KEYS[name].said(value) for name, value in (("resources.cpus", 0), ("storage.max_store_bytes", 0),
            ("storage.min_free_bytes", 256 << 20), ("view.fps", 30), ("identity.job", None))}  # fmt: skip
    assert list(said.values()) == ["0 (no limit)", "0 (no limit)", "256 MiB", "30 frames per second", "not set"]
