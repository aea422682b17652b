"""The person's own keys: what can't be used keeps its default and is told, with the names of both."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from tests.app.driving import playground
from tui.app.keys import TABLE
from tui.app.keys.keymap import TOGETHER, usable
from tui.app.panes import answer, forward, model, probabilities, tokens
from tui.app.panes.microscope import VIEWS
from tui.app.panes.writing import branches, text
from tui.app.screens.microscope import Microscope
from tui.app.screens.playground import Playground
from tui.app.screens.writing.screen import Writing
from tui.app.widgets.pick_pane import PickPane
from tui.settings import Settings


def test_nothing_is_refused_of_nothing() -> None:
    assert usable({}, TABLE) == ({}, [])


@pytest.mark.parametrize("name", sorted(key.id for keys in TABLE.values() for key in keys))
def test_a_key_may_be_given_what_it_has(name: str) -> None:
    (keys,) = (key.keys for room in TABLE.values() for key in room if key.id == name)
    assert usable({name: keys}, TABLE) == ({name: keys}, [])


@pytest.mark.parametrize(
    ("keymap", "taken"),
    [
        ({"zoom": "ctrl+b"}, {"zoom": "ctrl+b"}),
        ({"zoom": " f5 , f11", "run": "f13"}, {"zoom": "f5,f11", "run": "f13"}),
        ({"zoom": "ctrl+r", "run": "ctrl+o"}, {"zoom": "ctrl+r", "run": "ctrl+o"}),  # each has the other's
        ({"watch-row": "p", "part": "w"}, {"watch-row": "p", "part": "w"}),
        ({"zoom": "z"}, {"zoom": "z"}),
        ({"zoom": "+"}, {}),  # the temperature's
        ({"zoom": "*"}, {"zoom": "asterisk"}),
        ({"zoom": "ö"}, {"zoom": "ö"}),
        ({"zoom": "alt+x"}, {"zoom": "alt+x"}),
        ({"zoom": "Ctrl+B"}, {}),
        ({"write-one": "o"}, {"write-one": "o"}),  # "another tokenizer" is on another screen
        ({"zoom": "f1", "help": "f11"}, {"zoom": "f1", "help": "f11"}),
    ],
)
def test_what_can_be_used_in_textual_s_spelling(keymap: dict[str, str], taken: dict[str, str]) -> None:
    assert usable(keymap, TABLE)[0] == taken


@pytest.mark.parametrize(
    ("keymap", "said"),
    [
        ({"zoom": "ctrl+r"}, "zoom: ctrl+r is “run” (run); ctrl+o stays"),
        ({"part": "w"}, "part: w is “watch” (watch-row); p stays"),
        ({"zoom": "f11", "run": "f11"}, "run: f11 is “zoom” (zoom); ctrl+r,f5 stays"),
        ({"row-up": "["}, "row-up: left_square_bracket is “10 back” (trace-far-back); up,k stays"),
        ({"help": "escape"}, "help: escape is “leave” (leave); f1 stays"),
        ({"zoom": "ctrl+m"}, "ctrl+m is enter to every terminal"),
        ({"zoom": "ctrl+i"}, "ctrl+i is tab to every terminal"),
        ({"zoom": "ctrl+h"}, "ctrl+h is backspace to every terminal"),
        ({"zoom": "ctrl+["}, "ctrl+left_square_bracket is escape to every terminal"),
        ({"zoom": "f11,ctrl+j"}, "ctrl+j is a newline to every terminal"),
        ({"zoom": "ctrl+shift+a"}, "not every terminal sends ctrl+shift+a"),
        ({"zoom": "ctrl+5"}, "not every terminal sends ctrl+5"),
        ({"zoom": "alt+5"}, "not every terminal sends alt+5"),
        ({"zoom": "shift+k"}, "shift+k is written as K"),
        ({"zoom": "cmd+o"}, "no terminal sends cmd+o"),
        ({"zoom": "super+o"}, "no terminal sends super+o"),
        ({"zoom": "ctrl+zz"}, "there is no key ctrl+zz"),
        ({"zoom": "esc"}, "there is no key esc"),
        ({"zoom": "f25"}, "there is no key f25"),
        ({"zoom": "f11,,"}, "a key is missing"),
        ({"zoom": "\x1b[31m"}, "there is no key"),
        ({"quit": "x"}, "quit: x is typed into the texts, and it has to act there; ctrl+q stays"),
        ({"leave": "space"}, "space"),
        ({"nonsense": "x"}, "no key does nonsense"),
    ],
)
def test_what_cannot_be_used_is_told(keymap: dict[str, str], said: str) -> None:
    taken, refused = usable(keymap, TABLE)
    assert len(refused) == 1, refused
    assert said in refused[0]
    assert len(taken) == len(keymap) - 1


def test_what_is_refused_gives_its_default_back() -> None:
    """Zoom has taken run's key; run can't have what it asks for: it has its own again, and zoom must give way."""
    taken, refused = usable({"zoom": "ctrl+r", "run": "ctrl+m"}, TABLE)
    assert taken == {}
    assert len(refused) == 2


PANES: list[tuple[type[DOMNode], type[DOMNode]]] = [
    *(
        (Playground, pane)
        for pane in (
            PickPane,
            model.ModelPane,
            tokens.TokensPane,
            forward.ForwardPane,
            probabilities.ProbabilitiesPane,
            answer.AnswerPane,
        )
    ),
    *((Microscope, view) for view in VIEWS),
    *((Writing, pane) for pane in (text.TextPane, branches.BranchesPane, probabilities.ProbabilitiesPane)),
]


@pytest.mark.parametrize(("screen", "pane"), PANES)
def test_the_keys_that_act_together_are_those_of_the_classes(
    screen: type[DOMNode], pane: type[DOMNode]
) -> None:
    ids = {binding.id for kind in (screen, pane) for each in kind.__mro__ for binding in _of(each)} - {None}
    assert any(ids <= {key.id for key in together} for together in TOGETHER), ids


def _of(kind: type) -> list[Binding]:
    return [each for each in kind.__dict__.get("BINDINGS", []) if isinstance(each, Binding)]


async def test_it_is_told_at_the_start_and_the_default_acts(state_folder: Path) -> None:
    keymap = MappingProxyType({"zoom": "ctrl+r", "jump": "ctrl+m", "run": "f13"})
    async with playground(
        state_folder, (160, 40), Settings(state_folder=state_folder, keymap=keymap)
    ) as driver:
        assert "[keys] jump: ctrl+m is enter to every terminal; ctrl+g stays" in driver.line("hints")
        await driver.pilot.press("escape")
        await driver.pilot.press("ctrl+r")
        assert driver.screen.zoomed is driver.input, "what was not refused acts"
        await driver.pilot.press("ctrl+g")
        await driver.pilot.pause()
        assert driver.app.screen is not driver.screen, "jump mode"
