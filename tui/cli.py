"""The command `logitscope`: arguments to settings, settings to the playground or to a command without screen.

Everything is imported where it is needed: help, version and usage errors come at once, and the engine process
starts before the screen's own imports.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.system import streams

if TYPE_CHECKING:
    from tui.app.engine_client import EngineClient
    from tui.settings import Settings

USAGE_ERROR = 2
INTERRUPTED = 128 + 2
BROKEN_PIPE = 128 + 13
COMMANDS = ("run", "script", "tokenize", "tasks", "engine")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 for a failure, 2 for usage, 130 for ctrl+c, 141 for a closed pipe.

    This is the one place where what the surroundings refuse becomes a sentence and a status.
    """
    streams.take_up()
    try:
        try:
            status = _command(_readable(sys.argv[1:] if argv is None else argv))
        except SystemExit as end:  # argparse, after help, version and usage errors
            status = end.code if isinstance(end.code, int) else USAGE_ERROR
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _interrupted()
    except streams.ReaderGoneError:
        streams.give_up()
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last resort: nobody above could tell it
        streams.give_up()
        return _refused(error)


def _command(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["engine"]:
        return _engine(arguments[1:])
    if arguments[:1] == ["run"]:
        return _run(arguments[1:])
    if arguments[:1] == ["script"]:
        return _script(arguments[1:])
    if arguments[:1] == ["tokenize"]:
        return _tokenize(arguments[1:])
    if arguments[:1] == ["tasks"]:
        return _tasks(arguments[1:])
    return _playground(arguments)


def _interrupted() -> int:
    """What ctrl+c leaves; from here on a second one finds nothing to interrupt."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.stdout.flush()
    except (streams.ReaderGoneError, streams.StreamError):
        streams.give_up()
    return INTERRUPTED


def _refused(error: Exception) -> int:
    """Tell what stopped the program; the exit status."""
    from tui.headless.telling import as_lines, unforeseen
    from tui.settings import SettingsError

    if isinstance(error, SettingsError | streams.StreamError):
        sys.stderr.write(as_lines(error.title, error.detail, error.hint))
    else:
        sys.stderr.write(unforeseen(error))
    return USAGE_ERROR if isinstance(error, SettingsError) else 1


def _playground(arguments: Sequence[str]) -> int:
    # Without arguments there is nothing to parse, and the first frame need not wait for argparse.
    given = _playground_options(arguments) if arguments else {}
    if given.get("version"):
        sys.stdout.write(f"logitscope {_version()}\n")
        return 0
    settings = _settings(given)
    if problem := _no_screen():
        hint = 'Without a screen: logitscope run sentiment-analysis "your text"'
        sys.stderr.write(f"logitscope: {problem}\n  The playground needs a terminal to draw on.\n  {hint}\n")
        return 1

    from tui.app.terminal.at_once import keys_at_once

    with keys_at_once(sys.stdin.fileno()):
        return _screen(given, settings)


def _screen(given: Mapping[str, Any], settings: Settings) -> int:
    import atexit
    import gc

    from tui.system.engine_process import EngineProcess

    # Textual paints at most this often; at its default of 60 a key waits up to 33 ms for its paint.
    os.environ.setdefault("TEXTUAL_FPS", "240")
    # A full collection takes a tenth of a second while everything is being imported; the app turns it on again.
    gc.disable()

    log_path = settings.state_folder / "engine.log"
    engine: EngineProcess | None
    try:
        engine = EngineProcess(settings.command, log_path)  # it imports torch while textual is imported here
        atexit.register(engine.kill_now)
    except (OSError, ValueError):
        engine = None  # the client tries again, and tells on the screen what is wrong

    def make_client() -> EngineClient:
        from tui.app.engine_client import EngineClient

        client = EngineClient(settings.command, log_path, engine=engine)
        atexit.register(client.kill_now)
        return client

    resumed = None
    if settings.resume:
        from tui.app.resuming import resume

        resumed = resume(settings.state_folder, given["resume"])
        if resumed.session is None and given["resume"] != "1":
            sys.stderr.write(f"logitscope: nothing to go on with: {resumed.said}\n")
            return 1
    session = resumed.session if resumed is not None else None
    if session is not None and given.get("task"):
        session = session._replace(task=settings.task)
    taken_up = settings
    if session is not None and not given.get("model"):
        taken_up = settings._replace(model=None, revision=None)  # each task goes on with its own

    from tui.app.app import LogitscopeApp

    file, said = (resumed.file, resumed.said) if resumed is not None else (None, "")
    app = LogitscopeApp(taken_up, make_client, session, file, said)
    app.run()
    sys.stderr.write(app.keeper.farewell)
    return app.return_code or int(bool(app.keeper.farewell))


def _playground_options(arguments: Sequence[str]) -> dict[str, Any]:
    import argparse

    from tui.headless.arguments import Parser, add_model_options

    parser = Parser(
        "logitscope",
        "A terminal playground for transformers models: text, tokens, logits, probabilities, answer.",
        "commands:\n"
        "  logitscope run TASK TEXT...     the same answers without the screen (see logitscope run --help)\n"
        "  logitscope script TASK TEXT...  the Python script that computes them with transformers alone\n"
        "  logitscope tokenize TEXT...     what a tokenizer does to a text, stage by stage\n"
        "  logitscope tasks                the tasks, what each takes, and its built-in checkpoints\n"
        "  logitscope engine               the model side alone, on stdin and stdout, for --engine",
    )
    parser.add_argument("--task", metavar="TASK", help="the task to begin with (sentiment-analysis)")
    add_model_options(parser)
    parser.add_argument("--text", metavar="TEXT", help="the text to begin with")
    parser.add_argument(
        "--resume",
        metavar="WHICH",
        nargs="?",
        const="1",
        help="go on with the texts, task and model of last time; 2: of the time before; or of a session's file",
    )
    parser.add_argument("--theme", metavar="NAME", help="the colors of the screen")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.command is not None and not options.version:
        if options.command in COMMANDS:
            parser.error(f"write `logitscope {options.command}` first, its options after it")
        parser.error(f"there is no command {options.command!r}; the commands are: {', '.join(COMMANDS)}")
    return vars(options)


def _run(arguments: Sequence[str]) -> int:
    given, settings = _question(
        arguments,
        "run",
        "Run a task on each {text} and print answer, tokens, logits and probabilities.",
        "{text} may be -, which stands for the lines of standard input: each, an empty one too, is a text of\n"
        "its own and answered as it comes. A text that begins with a dash goes after --.\n\n"
        "exit status: 0 all answered, 1 something failed, 2 usage",
        json=True,
    )

    from tui.headless import flags, step_flags
    from tui.headless.run import run

    streams.want(flags.texts_in(given))
    if given["json"]:
        streams.write_json()
    fields, options = flags.fields_in(given), flags.options_in(given, settings.task)
    sampling = flags.sampling_in(given)
    if given["python"]:
        from tui.headless.script import script

        streams.write_source()
        return script(settings, flags.texts_in(given), fields, options, sampling)
    steps = step_flags.steps_in(given, settings.task)
    if steps is not None:
        from tui.headless.stepping import write_on

        return write_on(settings, flags.texts_in(given), given["json"], fields, steps, sampling)
    return run(settings, flags.texts_in(given), given["json"], fields, options, sampling, given["all"])


def _script(arguments: Sequence[str]) -> int:
    given, settings = _question(
        arguments,
        "script",
        "Print a Python script of plain transformers calls that computes what `logitscope run` answers.",
        "No model is loaded for it. Device and number format are cpu and float32 where they are not given.\n"
        "{text} may be -, as for logitscope run; a text that begins with a dash goes after --.",
    )

    from tui.headless import flags
    from tui.headless.script import script

    streams.want(flags.texts_in(given))
    streams.write_source()
    fields, options = flags.fields_in(given), flags.options_in(given, settings.task)
    return script(settings, flags.texts_in(given), fields, options, flags.sampling_in(given))


def _tokenize(arguments: Sequence[str]) -> int:
    from tui.headless.arguments import Parser

    parser = Parser(
        "logitscope tokenize",
        "Show what a tokenizer makes of each TEXT: normalized, words, tokens, and whether it comes back the same.",
        "TEXT may be -, which stands for the lines of standard input, and @FILE, which stands for a file's text.\n"
        "A text that begins with a dash goes after --, one that begins with @ through -.\n\n"
        "exit status: 0 all done, 1 something failed, 2 usage",
    )
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="what is tokenized")
    parser.add_argument(
        "--model", metavar="M", help="a built-in, a folder, a tokenizer.json, or a cached Hub id"
    )
    parser.add_argument("--compare", metavar=("M1", "M2"), nargs=2, help="two of them, side by side")
    parser.add_argument(
        "--and", metavar="M", action="append", default=[], help="with --compare: one more, four at most"
    )
    parser.add_argument(
        "--steps", action="store_true", help="every stage, and the model's steps for each word"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--engine", metavar="COMMAND", help="run the model side by this command (ssh, say)")
    given = parser.parse_texts(arguments)
    if not given["texts"]:
        parser.error("the following arguments are required: TEXT")
    if given["compare"] and (given["model"] or given["steps"]):
        parser.error("--compare goes with neither --model nor --steps")
    compared = (*(given["compare"] or ()), *given["and"])
    if given["and"] and not (given["compare"] and len(compared) <= 4):
        parser.error("--and adds a third and a fourth tokenizer to the two of --compare")
    settings = _settings({name: value for name, value in given.items() if name in ("model", "engine")})
    streams.want(given["texts"])

    from tui.headless.run import reference_of
    from tui.headless.tokenize import tokenize

    reference = None if compared else reference_of(settings)
    if not compared and reference is None:
        return 1
    references = compared or (str(reference),)
    if given["json"]:
        streams.write_json()
    return tokenize(settings, given["texts"], references, given["json"], given["steps"])


def _tasks(arguments: Sequence[str]) -> int:
    from tui.headless.arguments import Parser
    from tui.headless.tasks import listing

    Parser(
        "logitscope tasks", "List the tasks, what each takes, and its built-in checkpoints.", ""
    ).parse_args(arguments)
    sys.stdout.write(listing())
    return 0


def _question(
    arguments: Sequence[str], command: str, about: str, epilog: str, json: bool = False
) -> tuple[dict[str, Any], Settings]:
    """What a command without screen is asked, by the flags of its task. Raises SettingsError."""
    from tui.headless import flags, step_flags
    from tui.headless.arguments import Parser, add_model_options
    from tui.tasks import TASK_ALIASES, TASKS

    named = flags.task_in(arguments)
    task = None if named is None else TASK_ALIASES.get(named, named)
    if task is not None and task not in TASKS:
        return {}, _settings({"task": task})
    name = f"logitscope {command}"
    text = "TEXT" if task is None else flags.text_name(task)
    epilog = epilog.format(text=text)
    parser = Parser(name, about.format(text=text), epilog)
    if task is None:
        parser.usage = f"{name} TASK TEXT... [flags of TASK, flags below]"
        listed = "\n".join(f"  {name}" for name in TASKS)
        parser.epilog = f"tasks (`{name} TASK --help` lists the flags of TASK):\n{listed}\n\n{epilog}"
        parser.add_argument("task", metavar="TASK", help="one of the tasks below")
        parser.add_argument("texts", metavar="TEXT", nargs="+", help="what the task reads")
    else:
        parser.usage = f"{name} {named} {flags.usage(task)} [flags]"
        flags.add_flags(parser, task)
        if json:
            step_flags.add_step_flags(parser, task)
    options = parser.add_argument_group("flags of every task")
    if json:
        options.add_argument("--json", action="store_true", help="one JSON object a line")
        options.add_argument("--all", action="store_true", help="with --json: lists of over 100 entries, too")
        options.add_argument(
            "--python", action="store_true", help="print the Python script instead, as `script`"
        )
    add_model_options(options)
    given = vars(parser.parse_intermixed_args(arguments))
    if task is not None and not flags.texts_in(given):
        parser.error(f"the following arguments are required: {text}")
    if task is not None:
        try:
            step_flags.steps_in(given, task)
        except ValueError as error:
            parser.error(str(error))
    return given, _settings(given)


def _engine(arguments: Sequence[str]) -> int:
    from tui.engine.__main__ import main as serve

    if not {"-h", "--help"} & set(arguments):
        streams.want_pipes()
    return serve(arguments)


def _settings(given: Mapping[str, Any]) -> Settings:
    """The settings of this run. Raises SettingsError."""
    from tui.settings import load_settings
    from tui.system.plain_files import working_folder

    settings = load_settings(given, _variables())
    os.environ["LOGITSCOPE_STATE"] = str(settings.state_folder)  # for the engine's log
    if working_folder() is None:
        sys.stderr.write("logitscope: the working folder is gone: names of files are looked for in /\n")
    return settings


def _readable(arguments: Sequence[str]) -> list[str]:
    """Arguments as text; bytes that aren't UTF-8 are replaced, which is said on stderr."""
    return [_text_of(argument, f"argument {position}") for position, argument in enumerate(arguments, 1)]


def _text_of(given: str, name: str) -> str:
    """What was given from outside as text, which no half of a character is."""
    text = given.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if text != given:
        sys.stderr.write(f"logitscope: {name} is not UTF-8: what could not be read is replaced\n")
    return text


def _variables() -> dict[str, str]:
    """This program's own variables as text; the names of folders stay what they are, which can be any bytes."""
    own = {name: value for name, value in os.environ.items() if name.startswith("LOGITSCOPE_")}
    folders = ("LOGITSCOPE_CONFIG", "LOGITSCOPE_STATE")
    return {name: value if name in folders else _text_of(value, name) for name, value in own.items()}


def _no_screen() -> str:
    """Why there is no screen to draw on, or nothing."""
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error", sys.stderr)):
        if stream is None or not stream.isatty():
            return f"standard {name} is not a terminal"
    return "TERM is dumb" if os.environ.get("TERM") == "dumb" else ""


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("logitscope")
    except PackageNotFoundError:
        return "(not installed)"
