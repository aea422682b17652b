"""Events that come late, out of order or for a task that was left; a scripted client decides when they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from textual.pilot import Pilot

from tests.patience import PATIENCE
from tui.app.app import LogitscopeApp
from tui.app.engine_client import EngineClient, Notice
from tui.protocol import Analyze, Answered, AnyRequest, Cancel, Load, Loaded, Readout, Reweigh, Tokenized
from tui.protocol.answers import Entity, Strategy, Tagged
from tui.protocol.checkpoints import Checkpoint, Memory
from tui.protocol.tokens import Token, TokenSequence
from tui.settings import Settings
from tui.tasks import TASKS

LATE = "big/model"
_Kind = TypeVar("_Kind", bound=AnyRequest)


class Scripted:
    """Keeps what is sent; the test says what comes back."""

    def __init__(self) -> None:
        self.sent: list[AnyRequest] = []
        self.hear: Callable[[Notice], None] = lambda _: None
        self._id = 0

    def next_id(self) -> int:
        self._id += 1
        return self._id

    def typing(self) -> None:
        pass

    def send(self, request: AnyRequest) -> None:
        self.sent.append(request)

    async def connect(self, hear: Callable[[Notice], None]) -> None:
        self.hear = hear

    async def close(self) -> None:
        pass

    def kill_now(self) -> None:
        pass

    def last(self, kind: type[_Kind]) -> _Kind:
        return [request for request in self.sent if isinstance(request, kind)][-1]

    def has_sent(self, *kinds: type[AnyRequest]) -> bool:
        return all(any(isinstance(request, kind) for request in self.sent) for kind in kinds)

    def load_is_done(self, request: Load) -> None:
        checkpoint = Checkpoint(request.reference, request.reference, "built-in")
        memory = Memory(None, None)
        self.hear(Loaded(request.id, checkpoint, request.task, "cpu", "", "float32", 1, 0.1, memory))

    def tokens_are_there(self, request: Analyze) -> None:
        tokens, start = [], 0
        for word in request.inputs["text"].split(" "):
            tokens.append(Token(1, word, start, start + len(word), False, 1, 0, 0))
            start += len(word) + 1
        sequence = TokenSequence(tuple(tokens), len(tokens), (None,))
        self.hear(Tokenized(request.id, "x", (sequence,), 100, 0.0))

    def answer_is_there(self, request: Analyze, positions: tuple[int, ...] = (0,)) -> None:
        count = len(request.inputs["text"].split(" "))
        entities = tuple(
            Entity("PER", 0.9, 4 * position, 4 * position + 3, "aaa", 0, position, position)
            for position in positions
        )
        names = ("none", "simple", "first", "average", "max")
        strategies = tuple(Strategy(name, entities) for name in names)
        view = Tagged(("O", "PER"), (((0.1, 0.9),) * count,), strategies, "simple")
        self.hear(Answered(request.id, None, view, 0.01))


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Wait for what comes by itself."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await pilot.pause(0.01)


@asynccontextmanager
async def at_work(
    folder: Path, task: str = "ner"
) -> AsyncIterator[tuple[LogitscopeApp, Scripted, Pilot[None]]]:
    """A playground whose first checkpoint is loaded and whose first text is answered."""
    client = Scripted()
    app = LogitscopeApp(Settings(task=task, state_folder=folder), lambda: cast("EngineClient", client))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: client.has_sent(Load, Analyze))
        client.load_is_done(client.last(Load))
        request = client.last(Analyze)
        client.tokens_are_there(request)
        client.answer_is_there(request)
        await pilot.pause()
        yield app, client, pilot


async def go_to(pilot: Pilot[None], task: str) -> None:
    await pilot.press("escape", "1", "home", *["down"] * list(TASKS).index(task), "enter")
    app = cast("LogitscopeApp", pilot.app)
    await until(pilot, lambda: app.playground.task_name == task)
    await pilot.pause()


def first_field(app: LogitscopeApp) -> Any:
    return app.playground.query_one("#input")


async def test_an_answer_that_comes_after_the_next_text_was_read_keeps_its_own_text(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, client, pilot):
        requests = []
        for letter in "xy":
            first_field(app).insert(letter)
            await pilot.pause()
            requests.append(client.last(Analyze))
            client.tokens_are_there(requests[-1])
        older, newer = requests
        client.answer_is_there(older)
        await pilot.pause()
        assert app.playground.answer is not None
        assert app.playground.answer.texts == (older.inputs["text"],)
        assert app.playground.texts == (newer.inputs["text"],)
        assert app.conversation.waiting_for_answer


async def test_a_row_of_an_older_answer_selects_no_token_that_is_not_there(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, client, pilot):
        first_field(app).replace_text(" ".join(["aaa"] * 200))
        await pilot.pause()
        request = client.last(Analyze)
        client.tokens_are_there(request)
        client.answer_is_there(request, (0, 150))
        await pilot.pause()
        first_field(app).replace_text("aaa bbb")
        await pilot.pause()
        client.tokens_are_there(client.last(Analyze))
        await pilot.press("escape", "7", "down", "4", "down", "up")
        assert app.playground.cursor in (0, 1)
        await pilot.press("7", "enter")
        assert first_field(app).text == "aaa bbb"


async def test_a_load_and_an_answer_of_the_task_that_was_left_change_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, client, pilot):
        await pilot.press("escape", "4", "right", "right")
        assert app.playground.mark is not None
        first_field(app).insert("x")
        await pilot.pause()
        late_answer = client.last(Analyze)
        app.conversation.load(LATE)
        late_load = client.last(Load)
        await go_to(pilot, "zero-shot-classification")
        assert client.last(Cancel).target == late_load.id
        assert app.playground.mark is None
        shown = app.playground.answer
        client.tokens_are_there(late_answer)
        client.answer_is_there(late_answer)
        client.load_is_done(late_load)
        await pilot.pause()
        assert app.playground.answer is shown
        assert app.playground.stale
        assert app.conversation.model != LATE
        await go_to(pilot, "ner")
        assert app.conversation.model == "nano-ner"
        assert first_field(app).text.endswith("x")


async def test_before_the_first_answer_a_moved_cursor_asks_for_the_whole_answer(tmp_path: Path) -> None:
    client = Scripted()
    app = LogitscopeApp(Settings(task="ner", state_folder=tmp_path), lambda: cast("EngineClient", client))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: client.has_sent(Analyze))
        client.tokens_are_there(client.last(Analyze))
        await pilot.press("escape", "4", "right")
        assert not any(isinstance(request, Reweigh) for request in client.sent)
        assert client.last(Analyze).address.position == 0


async def test_a_hidden_second_text_stays_hidden(tmp_path: Path) -> None:
    async with at_work(tmp_path, "sentiment-analysis") as (_app, client, pilot):
        await pilot.press("f10", *"abc")
        await pilot.pause()
        assert client.last(Analyze).inputs["text_pair"] == "abc"
        await pilot.press("f10")
        await go_to(pilot, "ner")
        await go_to(pilot, "sentiment-analysis")
        assert "text_pair" not in client.last(Analyze).inputs
        await pilot.press("f10")
        await pilot.pause()
        assert client.last(Analyze).inputs["text_pair"] == "abc"


async def test_how_logits_are_read_is_kept_by_task(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_app, client, pilot):
        await pilot.press("escape", "6", "plus")
        await pilot.pause()
        await go_to(pilot, "sentiment-analysis")
        assert client.last(Analyze).readout.temperature == 1.0
        await go_to(pilot, "ner")
        assert client.last(Analyze).readout.temperature == 1.1


async def test_a_readout_ahead_of_its_answer_is_not_dimmed(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (app, client, pilot):
        panes = {
            name: app.playground.query_one(f"#{name}") for name in ("probabilities", "forward", "answer")
        }

        def dimmed() -> set[str]:
            return {name for name, pane in panes.items() if getattr(pane, "stale")}  # noqa: B009 - any widget

        first_field(app).insert("x")
        await until(pilot, lambda: dimmed() == {"probabilities", "forward", "answer"})
        request = client.last(Analyze)
        client.tokens_are_there(request)
        client.hear(Readout(request.id, request.readout, "none", "", (), 0, None, 0.0, 0.0, None))
        await pilot.pause()
        assert dimmed() == {"answer"}
        client.answer_is_there(request)
        await pilot.pause()
        assert dimmed() == set()
        first_field(app).insert("y")
        await until(pilot, lambda: dimmed() == {"probabilities", "forward", "answer"})
