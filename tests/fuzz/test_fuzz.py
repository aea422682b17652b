"""The key fuzzer: a round is a function of its seed, what may not be drawn is seen, what falls is shrunk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fuzz.grammar import round_of
from tests.fuzz.items import Gap, Item, Quiet, Resize, Round, Type, read_round, written_round
from tests.fuzz.judging import Stream, doing, exceptions, signature
from tests.fuzz.keyboard import QUITS
from tests.fuzz.places import PLACES
from tests.fuzz.playing import play
from tests.fuzz.shrinking import shrunk
from tui.tasks import TASKS

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))


def told(fall: object) -> str:
    return "" if fall is None else str(fall)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_fell_once_falls_no_more(path: Path) -> None:
    result = play(read_round(json.loads(path.read_text("utf-8"))), patient=True)
    assert result.fall is None, told(result.fall)


@pytest.mark.parametrize("number", range(3))
def test_keys_at_random(number: int) -> None:
    result = play(round_of(12, number, 120), patient=True)
    assert result.fall is None, told(result.fall)


def test_a_round_is_a_function_of_its_seed() -> None:
    made = [round_of(7, number, 300) for number in range(20)]
    assert made == [round_of(7, number, 300) for number in range(20)]
    assert made != [round_of(8, number, 300) for number in range(20)]
    assert all(each.keys >= 300 for each in made)
    assert {each.arguments[1] for each in made} == set(TASKS)
    assert [read_round(json.loads(json.dumps(written_round(each)))) for each in made] == made
    assert len({place.name for place in PLACES}) == len(PLACES)


def test_only_a_key_that_quits_ends_it() -> None:
    quits = Round((), 80, 24, (Quiet(), Type(QUITS[0])))
    result = play(quits, patient=True)
    assert result.fall is None, told(result.fall)
    assert play(Round(("--task", "none"), 80, 24, ()), patient=True).fall is not None


@pytest.mark.parametrize(
    "sent",
    [
        "plain text, 中文 é 🙂\r\n",
        "\x1b[1;38;2;224;224;224;48;2;20;31;39mbold\x1b[0m\x1b[m\x1b[33;1H\x1b[2J\x1b[?2026h\x1b[?25l\x1b[?2026l",
        "\x1b[>25u\x1b[<u\x1b[?2048$p\x1b]52;c;aGVsbG8=\x07\x1b]22;pointer\x1b\\",
    ],
)
def test_what_the_program_sends_is_safe(sent: str) -> None:
    for size in (1, 3, 1000):
        stream, data = Stream(), ("\x1b[?1049h" + sent + "\x1b[?1049l" + "\x00 the shell's").encode()
        for start in range(0, len(data), size):
            stream.feed(data[start : start + size])
        assert stream.unsafe == ""
        assert stream.after == "\x00 the shell's"


@pytest.mark.parametrize(
    "sent",
    [
        "\x9b31m",
        "\u202e",
        "\x1b[6n",
        "\x1b]0;x\x07",
        "\x1bP",
        "\x00",
        "\x7f",
        "\u200d",
        "\x1b[8;24;80t",
        "\t",
    ],
)
def test_what_nobody_may_send_is_seen(sent: str) -> None:
    stream = Stream()
    stream.feed(("\x1b[?1049h" + f"before{sent}after" * 2).encode())
    assert "before" in stream.unsafe


TRACE = """=== FALL 1 2026-01-01 00:00:00 in “Tokens”, time 1: IndexError
Traceback (most recent call last):
  File "/somewhere/tui/app/panes/tokens.py", line 7, in action_copy
    self.show()
  File "/somewhere/site-packages/textual/widget.py", line 70, in scroll
    return rows[place]
IndexError: list index out of range
"""


def test_an_exception_is_named_by_its_innermost_functions(tmp_path: Path) -> None:
    log = tmp_path / "screen.log"
    assert exceptions(log) == []
    log.write_text(TRACE + "=== FALL 2 2026-01-01 00:00:00 in “Tokens”, time 2: IndexError\n" + TRACE)
    assert signature(exceptions(log)[0]) == (
        "IndexError in tui/app/panes/tokens.py action_copy (textual/widget.py scroll)"
    )
    assert doing(
        'Current thread 0x1 (most recent call first):\n  File "/x/tui/app/terminal/canvas.py", line 3 in cells\n'
    ) == ("tui/app/terminal/canvas.py cells")


def test_the_shortest_sequence_is_found() -> None:
    tried: list[Round] = []

    def falls(candidate: Round) -> bool:
        tried.append(candidate)
        keys = [item.data for item in candidate.items if isinstance(item, Type)]
        return (
            b"a" in keys
            and b"b" in keys[keys.index(b"a") :]
            and any(isinstance(i, Resize) for i in candidate.items)
        )

    noise: list[Item] = [Type(b"x"), Gap(0.01), Type(b"y", 5)] * 30
    items = (*noise, Type(b"a", 4), *noise, Resize(1, 1), *noise, Type(b"b"))
    least = shrunk(Round(("--task", "ner", "--resume"), 200, 50, items), falls)
    assert least == Round((), 80, 24, (Type(b"a"), Resize(1, 1), Type(b"b")))
    assert len(tried) < 400
