"""Settings of one run: arguments win over the environment, the environment over the config file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from tui.system.plain_files import decoded, read_plain, working_folder
from tui.tasks import TASK_ALIASES, TASKS

DtypeName: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
DTYPES: tuple[DtypeName, ...] = get_args(DtypeName)
DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
KEYS_TABLE = "keys"
_MOST_BYTES = 1_000_000
"""Of a config file."""
NAMES: tuple[str, ...] = ("task", "model", "revision", "device", "dtype", "engine", "theme", "state")
"""What the environment (`LOGITSCOPE_TASK`, ...) and the config file (`task`, ...) can set."""


class SettingsError(Exception):
    """A setting that can't be used: what it is, where it stands, what would do."""

    def __init__(self, title: str, detail: str, hint: str) -> None:
        super().__init__(title, detail, hint)
        self.title = title
        self.detail = detail
        self.hint = hint


class Settings(NamedTuple):
    """Everything a run may differ in; made once by the composition root and handed down."""

    task: str = "sentiment-analysis"
    model: str | None = None
    """A built-in's name, a folder or a Hub id; None: the first built-in that serves the task."""
    revision: str | None = None
    device: str = "auto"
    dtype: DtypeName = "auto"
    engine_command: tuple[str, ...] = ()
    """A command that speaks the protocol on stdin/stdout; empty: `python -m tui.engine`."""
    text: str | None = None
    """Text in the input at start; None: the sample sentence of the task."""
    resume: bool = False
    """Put the last session's text, task and model back."""
    theme: str | None = None
    keymap: Mapping[str, str] = MappingProxyType({})
    """Binding id → keys, as Textual's keymaps are written; from the config file's `[keys]`."""
    state_folder: Path = Path()
    """Where sessions and logs are kept."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command that runs the engine: `engine_command`, or this Python with this package."""
        if self.engine_command:
            return self.engine_command
        home = Path(__file__).resolve().parents[1]
        # -P keeps a `datasets.py` in the user's folder from being imported, unless it is this package's own.
        safe = () if working_folder() == home else ("-P",)
        return (sys.executable, "-X", "utf8", *safe, "-m", "tui.engine")

    @property
    def tokenizing_command(self) -> tuple[str, ...]:
        """The command for who asks about tokenizers alone: our own engine then leaves torch out."""
        return self.engine_command or (*self.command, "--tokenizers")


DEFAULTS = Settings()


class _Given(NamedTuple):
    """A value as somebody wrote it, and where."""

    value: Any
    place: str


def load_settings(
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    config_path: Path | None = None,
) -> Settings:
    """The settings of this run.

    arguments: option → value, None where it wasn't given; the names of `NAMES`, and `text` and `resume`.
    environ: `LOGITSCOPE_…` variables are read; an empty one counts as not set.
    config_path: the TOML file; None: `LOGITSCOPE_CONFIG`, or else config.toml in the user's config folder.
    Raises SettingsError.
    """
    named = config_path or _path(environ.get("LOGITSCOPE_CONFIG"))
    given, keymap = _read_config(
        named or _user_folder("config") / "config.toml", must_exist=named is not None
    )
    for name in NAMES:
        variable = f"LOGITSCOPE_{name.upper()}"
        if environ.get(variable):
            given[name] = _Given(environ[variable], variable)
        if arguments.get(name) is not None:
            given[name] = _Given(arguments[name], f"--{name}")
    return Settings(
        task=_task(given.get("task")),
        model=_text(given.get("model"), "model"),
        revision=_text(given.get("revision"), "revision"),
        device=_device(given.get("device")),
        dtype=_dtype(given.get("dtype")),
        engine_command=_command(given.get("engine")),
        text=arguments.get("text"),
        resume=bool(arguments.get("resume")),
        theme=_text(given.get("theme"), "theme"),
        keymap=keymap,
        state_folder=_path(_text(given.get("state"), "state")) or _user_folder("state"),
    )


def nearest(wrong: str, allowed: Iterable[str]) -> str:
    """A question that names the allowed word most like `wrong`, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(wrong, list(allowed), n=1, cutoff=0.5)
    return f"Did you mean {close[0]}? " if close else ""


def _user_folder(kind: str) -> Path:
    import platformdirs

    folder = (
        platformdirs.user_config_path("logitscope")
        if kind == "config"
        else platformdirs.user_state_path("logitscope")
    )
    # somebody who has no home folder gets "~", which is none
    return folder if folder.is_absolute() else Path("/nonexistent") / "logitscope" / kind


def _path(text: str | None) -> Path | None:
    if not text:
        return None
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~somebody who doesn't exist
        return Path(text)


# ------------------------------------------------------------------------------------ the config file


def _read_config(path: Path, must_exist: bool) -> tuple[dict[str, _Given], Mapping[str, str]]:
    try:
        empty = path == Path(os.devnull)  # as good as none, to whoever names it
        written = "" if empty else decoded(read_plain(path, _MOST_BYTES))
    except FileNotFoundError as error:
        if must_exist:
            hint = "Correct LOGITSCOPE_CONFIG, or leave it out."
            raise SettingsError("The config file isn't there", str(path), hint) from error
        return {}, MappingProxyType({})
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "Make it a readable TOML file, or remove it."
        raise SettingsError("The config file can't be read", f"{path}: {reason}", hint) from error

    import tomllib

    try:
        table = tomllib.loads(written)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(
            "The config file is not valid TOML",
            f"{path}: {'nested too deep' if isinstance(error, RecursionError) else error}",
            'A line is `name = "value"`; keys are remapped under `[keys]`.',
        ) from error
    given: dict[str, _Given] = {}
    for name, value in table.items():
        if name == KEYS_TABLE:
            continue
        place = f"{path}, {_line_of(name, written)}`{name}`"
        if name not in NAMES:
            allowed = ", ".join((*NAMES, f"[{KEYS_TABLE}]"))
            hint = f"{nearest(name, (*NAMES, KEYS_TABLE))}It can hold: {allowed}."
            raise SettingsError("The config file holds an unknown setting", place, hint)
        given[name] = _Given(value, place)
    return given, _keymap(table.get(KEYS_TABLE, {}), path, written)


def _keymap(table: Any, path: Path, written: str) -> Mapping[str, str]:
    hint = 'Write one line for each binding, such as `run = "f5"` or `run = "f5,ctrl+r"`.'
    if not isinstance(table, dict):
        where = f"{path}, {_line_of(KEYS_TABLE, written)}`{KEYS_TABLE}` is not a table"
        raise SettingsError("The config file's keys can't be used", where, hint)
    keymap: dict[str, str] = {}
    for binding, keys in _flat(table):
        if not isinstance(keys, str) or not keys.strip():
            where = f"{path}, {_line_of(binding, written)}`{binding}` is {keys!r}"
            raise SettingsError("The config file's keys can't be used", where, hint)
        keymap[binding] = keys
    return MappingProxyType(keymap)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Binding ids may hold dots, which TOML reads as tables in tables."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _line_of(name: str, written: str) -> str:
    last = re.escape(name.rsplit(".", 1)[-1])
    for number, line in enumerate(written.splitlines(), 1):
        if re.match(rf"""\s*\[?\s*([\w-]+\.)*["']?({re.escape(name)}|{last})["']?\s*[=\].]""", line):
            return f"line {number}: "
    return ""


# -------------------------------------------------------------------------------------- single values


def _text(given: _Given | None, name: str) -> str | None:
    if given is None:
        return None
    if not isinstance(given.value, str) or not given.value or "\0" in given.value:
        where = f"{given.place} is {given.value!r}"
        raise SettingsError(f"The {name} can't be used", where, "It has to be a piece of text, in quotes.")
    return given.value


def _task(given: _Given | None) -> str:
    task = _text(given, "task")
    if task is None:
        return DEFAULTS.task
    task = TASK_ALIASES.get(task, task)
    if task not in TASKS:
        raise _none_of(given, "task", task, tuple(TASKS))
    return task


def _device(given: _Given | None) -> str:
    device = _text(given, "device")
    if device is None:
        return DEFAULTS.device
    if not DEVICE.fullmatch(device):
        raise _none_of(given, "device", device, ("auto", "cpu", "cuda", "cuda:N", "mps"))
    return device


def _dtype(given: _Given | None) -> DtypeName:
    dtype = _text(given, "dtype")
    if dtype is None:
        return DEFAULTS.dtype
    for allowed in DTYPES:
        if dtype == allowed:
            return allowed
    raise _none_of(given, "dtype", dtype, DTYPES)


def _none_of(given: _Given | None, name: str, wrong: str, allowed: tuple[str, ...]) -> SettingsError:
    where = f"{given.place}: {wrong!r}" if given else repr(wrong)
    hint = f"{nearest(wrong, allowed)}Choose from: {', '.join(allowed)}."
    return SettingsError(f"There is no such {name}", where, hint)


def _command(given: _Given | None) -> tuple[str, ...]:
    if given is None:
        return ()
    value = given.value
    if isinstance(value, str):
        import shlex

        try:
            words = tuple(shlex.split(value))
        except ValueError as error:
            where = f"{given.place}: {value!r} ({error})"
            raise SettingsError("The engine's command can't be read", where, "Close its quotes.") from error
    elif isinstance(value, list) and all(isinstance(word, str) for word in value):
        words = tuple(value)
    else:
        words = ()
    if not words or not words[0]:
        hint = 'Write it as for a shell: "ssh gpu-box logitscope engine".'
        raise SettingsError("The engine's command can't be read", f"{given.place}: {value!r}", hint)
    return words
