"""Arguments over environment over config file; and every refusal says where and what instead."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tui.settings import Settings, SettingsError, load_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refused(arguments: dict[str, Any], environ: dict[str, str], config: Path | None = None) -> SettingsError:
    with pytest.raises(SettingsError) as refusal:
        load_settings(arguments, environ, config)
    return refusal.value


def test_nothing_given() -> None:
    settings = load_settings({}, {})
    assert settings.task == "sentiment-analysis"
    assert (settings.model, settings.device, settings.dtype, settings.theme) == (None, "auto", "auto", None)
    assert settings.engine_command == ()
    assert settings.state_folder.name == "logitscope"
    assert dict(settings.keymap) == {}


def test_who_wins(config: Path) -> None:
    config.write_text('model = "file"\ndevice = "cpu"\ntheme = "file"\n')
    environ = {"LOGITSCOPE_MODEL": "environment", "LOGITSCOPE_THEME": "environment", "LOGITSCOPE_DTYPE": ""}
    settings = load_settings({"model": "argument", "device": None}, environ, config)
    assert (settings.model, settings.theme, settings.device) == ("argument", "environment", "cpu")
    assert settings.dtype == "auto"


def test_every_name_in_each_place(config: Path, tmp_path: Path) -> None:
    values = {
        "task": "ner",
        "model": "m",
        "revision": "r",
        "device": "cuda:1",
        "dtype": "bfloat16",
        "engine": "ssh 'gpu box' logitscope engine",
        "theme": "nord",
        "state": str(tmp_path),
    }
    expected = Settings(
        task="ner",
        model="m",
        revision="r",
        device="cuda:1",
        dtype="bfloat16",
        engine_command=("ssh", "gpu box", "logitscope", "engine"),
        theme="nord",
        state_folder=tmp_path,
    )
    config.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()))
    environ = {f"LOGITSCOPE_{name.upper()}": value for name, value in values.items()}
    assert load_settings({}, {}, config) == expected
    assert load_settings({}, environ) == expected
    assert load_settings(values, {}) == expected


def test_the_config_file_can_be_named(config: Path) -> None:
    config.write_text('model = "named"\n')
    assert load_settings({}, {"LOGITSCOPE_CONFIG": str(config)}).model == "named"
    error = refused({}, {"LOGITSCOPE_CONFIG": str(config) + ".gone"})
    assert ".gone" in error.detail
    assert "LOGITSCOPE_CONFIG" in error.hint


def test_the_users_own_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    import platformdirs

    path = platformdirs.user_config_path("logitscope") / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('model = "mine"\n')
    assert load_settings({}, {}).model == "mine"


def test_keys_are_remapped(config: Path) -> None:
    config.write_text('[keys]\nrun = "f5"\n"pane-task" = "ctrl+t,f7"\nplayground.zoom = "z"\n')
    keymap = {"run": "f5", "pane-task": "ctrl+t,f7", "playground.zoom": "z"}
    assert dict(load_settings({}, {}, config).keymap) == keymap


def test_an_engine_as_a_list(config: Path) -> None:
    config.write_text('engine = ["ssh", "gpu box", "logitscope", "engine"]\n')
    assert load_settings({}, {}, config).engine_command == ("ssh", "gpu box", "logitscope", "engine")


def test_other_names_of_a_task() -> None:
    assert load_settings({"task": "text-classification"}, {}).task == "sentiment-analysis"
    assert load_settings({"task": "token-classification"}, {}).task == "ner"


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:12", "mps"])
def test_devices(device: str) -> None:
    assert load_settings({"device": device}, {}).device == device


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "cpu ", "cuda:0\n"])
def test_what_is_no_device(device: str) -> None:
    error = refused({"device": device}, {})
    assert error.title == "There is no such device"
    assert "--device" in error.detail
    assert "cuda:N" in error.hint


@pytest.mark.parametrize(
    ("name", "value", "suggestion"),
    [("task", "sentiment", "sentiment-analysis"), ("dtype", "float23", "float32"), ("device", "cud", "cuda")],
)
def test_what_was_meant(name: str, value: str, suggestion: str) -> None:
    assert f"Did you mean {suggestion}?" in refused({name: value}, {}).hint
    error = refused({}, {f"LOGITSCOPE_{name.upper()}": value})
    assert f"LOGITSCOPE_{name.upper()}" in error.detail
    assert repr(value) in error.detail


def test_the_file_and_the_line_are_named(config: Path) -> None:
    config.write_text('# mine\nmodel = "m"\n\ndevcie = "cpu"\n')
    error = refused({}, {}, config)
    assert f"{config}, line 4: `devcie`" in error.detail
    assert "Did you mean device?" in error.hint
    config.write_text('model = "m"\ndtype = "float99"\n')
    assert f"{config}, line 2: `dtype`: 'float99'" in refused({}, {}, config).detail


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("model = 5\n", "line 1: `model` is 5"),
        ('model = ""\n', "line 1: `model` is ''"),
        ("\n[keys]\nrun = 5\n", "line 3: `run` is 5"),
        ('[keys]\nrun = " "\n', "line 2: `run` is ' '"),
        ("keys = 5\n", "line 1: `keys` is not a table"),
        ("engine = []\n", "line 1: `engine`: []"),
        ('engine = "ssh \'box"\n', "No closing quotation"),
        ('engine = "  "\n', "line 1: `engine`"),
        ("model = \n", "line 1"),
        ("text = 'a'\n", "line 1: `text`"),
    ],
)
def test_what_the_config_file_can_not_hold(config: Path, written: str, part: str) -> None:
    config.write_text(written)
    error = refused({}, {}, config)
    assert part in error.detail
    assert str(config) in error.detail
    assert error.hint


def test_a_config_file_that_is_no_text(config: Path, tmp_path: Path) -> None:
    config.write_bytes(b"\xff\xfe")
    assert "UTF-8" in refused({}, {}, config).detail
    assert "folder" in refused({}, {}, tmp_path).detail


def test_the_default_engine_is_this_python() -> None:
    command = Settings().command
    assert command[0] == sys.executable
    assert command[-2:] == ("-m", "tui.engine")
    assert Settings(engine_command=("ssh", "box")).command == ("ssh", "box")


def test_the_users_folder_is_not_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    assert "-P" not in Settings().command
    monkeypatch.chdir(tmp_path)
    assert "-P" in Settings().command


def test_a_config_file_that_is_no_plain_file(tmp_path: Path) -> None:
    """Nothing is waited for, and nothing read without end."""
    pipe, folder, large, binary, nested = (
        tmp_path / name for name in ("pipe", "folder", "large", "binary", "nested")
    )
    os.mkfifo(pipe)
    folder.mkdir()
    with large.open("wb") as file:
        file.truncate(100_000_000)
    binary.write_bytes(bytes(range(256)))
    nested.write_text("a = " + "[" * 100_000)
    for path, said in (
        (pipe, "a named pipe"),
        (Path("/dev/zero"), "a device"),
        (folder, "a folder"),
        (large, "too large"),
        (binary, "not UTF-8"),
        (nested, "nested too deep"),
        (tmp_path / ("x" * 300), "name too long"),
    ):
        refusal = refused({}, {"LOGITSCOPE_CONFIG": str(path)})
        assert said in refusal.detail
        assert str(path) in refusal.detail
    assert load_settings({}, {"LOGITSCOPE_CONFIG": os.devnull}) == load_settings({}, {})


def test_no_name_holds_a_null_character(config: Path) -> None:
    config.write_text('state = "a\\u0000b"\n')
    assert "state" in refused({}, {}, config).title
