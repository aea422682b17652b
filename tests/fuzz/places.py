"""Where a sequence goes: the keys that lead there, and those that do something there."""

from __future__ import annotations

from typing import NamedTuple

from tests.fuzz import keyboard
from tests.fuzz.keyboard import of_room, sent
from tui.app.keys import PANES
from tui.tasks import TASKS

_ENTER, _DOWN, _UP = b"\r", sent("down"), sent("up")
_TYPING = (
    *(chr(code).encode() for code in b"aehinrst ,.!"),
    b"\x7f", b"\x1b[3~", b"\x15", b"\x17", b"\x0b", b"\x1a", b"\x19", b"\x18", b"\x16", b"\x03", b"\x01", b"\x05",
    *(keyboard.NAMED[name] for name in (
        "left", "right", "up", "down", "home", "end", "pageup", "pagedown", "ctrl+left", "ctrl+right", "shift+left",
        "shift+right", "shift+up", "shift+down", "shift+home", "shift+end", "enter", "delete",
    )),
)  # fmt: skip
_LINE = (*_TYPING, _ENTER, _ENTER, b"\t", b"0", b"1", b"7", b"/", b"~")


class Place(NamedTuple):
    """A screen, a pane or a dialog."""

    name: str
    weight: float
    way: tuple[bytes, ...]
    """Keys that lead there from the playground's panes."""
    keys: tuple[bytes, ...]
    """Keys that act there."""


def _task(number: int) -> tuple[bytes, ...]:
    return (b"1", sent("home"), *[_DOWN] * number, _ENTER)


def _places() -> list[Place]:
    rows, everywhere = of_room("rows"), keyboard.OWN
    write, look = (sent("f12"),), (sent("f7"),)
    views = ("stages", "algorithm", "side-by-side", "vocabulary", "ids", "training", "token-list")
    places = [
        Place(f"task {task}", 0.35, _task(number), (*rows, *of_room("pick"), *everywhere))
        for number, task in enumerate(TASKS)
    ]
    places += [
        Place("task pane", 1, (b"1",), (*rows, *of_room("pick"))),
        Place("model pane", 1, (b"2",), (*rows, *of_room("pick"), *of_room("model"))),
        Place("model dialog", 1.5, (b"2", b"a"), _LINE),
        Place("input", 3, (b"3",), _TYPING),
        Place("second field", 1.5, (b"3", b"\t"), _TYPING),
        Place("second text", 0.7, (sent("f10"),), (*_TYPING, sent("f10"), sent("f3"))),
        Place("tokens", 1.5, (b"4",), (*rows, *of_room("tokens"))),
        Place("forward", 0.7, (b"5",), rows),
        Place("probabilities", 2, (b"6",), (*rows, *of_room("probabilities"))),
        Place("find a row", 1.2, (b"6", b"/"), _LINE),
        Place("sampling", 1.2, (b"6", b"t"), (*_LINE, _UP, _DOWN)),
        Place("answer", 2, (b"7",), (*rows, *of_room("answer"), b"v", b"\r")),
        Place("options", 2, (sent("f2"),), (*_LINE, _UP, _DOWN)),
        Place("turns", 2, (*_task(list(TASKS).index("text-generation")), sent("ctrl+t")), (
            *_TYPING, *(sent(name) for name in ("ctrl+n", "ctrl+r", "tab", "shift+tab", "f4", "f5", "f8")),
        )),
        Place("palette", 1.5, (sent("ctrl+p"),), (*_LINE, _UP, _DOWN, sent("pageup"), sent("pagedown"))),
        Place("jump", 1, (sent("ctrl+g"),), (*(str(n + 1).encode() for n, _ in enumerate(PANES)), b"x")),
        Place("script", 0.8, (sent("f8"),), (*rows, b"y", b"s", b"q", sent("f8"))),
        Place("help", 0.8, (sent("f1"),), (*rows, b"y", b"q", sent("f1"))),
        Place("log", 0.5, (sent("f4"),), (*rows, b"y", b"q", sent("f4"))),
        Place("example", 0.8, (sent("f3"),), (sent("f3"), sent("ctrl+r"), sent("f5"), sent("f6"), *_TYPING)),
        Place("zoom", 0.8, (b"6", sent("ctrl+o")), (sent("ctrl+o"), b"\t", *rows, *of_room("probabilities"))),
    ]  # fmt: skip
    for number, task in enumerate(TASKS):
        if task in ("text-generation", "summarization", "translation"):
            here = (*_task(number), *write)
            writing = of_room("writing")
            places += [
                Place(f"writing {task}", 1, here, (*writing, *writing, *rows)),
                Place(
                    f"writing's rows {task}", 0.6, (*here, b"2"), (*writing, *rows, *of_room("probabilities"))
                ),
                Place(f"writing's branches {task}", 0.6, (*here, b"n", b"3"), (*writing, *rows, _ENTER)),
                Place(f"writing's settings {task}", 0.4, (*here, sent("f2")), (*_LINE, _UP, _DOWN)),
                Place(f"writing's prompt {task}", 0.4, (*here, b"i"), _TYPING),
                Place(f"writing's names {task}", 0.4, (*here, b"n", b"m"), _LINE),
                Place(f"writing's count {task}", 0.4, (*here, b"N"), (*_LINE, b"1", b"2")),
                Place(
                    f"writing's beams {task}",
                    0.4,
                    (*here, b"b"),
                    (b"b", b",", b".", b"[", b"]", b"3", _ENTER, *writing),
                ),
            ]
    for number, view in enumerate(views, start=1):
        here = (*look, str(number).encode())
        own = of_room(view)
        places += [
            Place(f"microscope {view}", 0.6, here, (*own, *own, *rows, *of_room("microscope"))),
            Place(f"microscope {view}, typing", 0.4, (*here, b"i"), (*_TYPING, _ENTER, b"0", b"7")),
        ]
    places += [
        Place("microscope, open", 0.7, (*look, b"o"), _LINE),
        Place("microscope, save", 0.4, (*look, b"s"), _LINE),
        Place("microscope, add", 0.5, (*look, b"3", b"a"), _LINE),
        Place("anywhere", 3, (), everywhere),
        Place("anything", 1.5, (), keyboard.ANY),
        Place("restart", 0.05, (sent("f9"),), everywhere),
    ]
    return places


PLACES = tuple(_places())
"""All of them; weights are relative."""
