"""Names of a vocabulary are made ready after its first answer, beside the lanes and before anyone searches."""

from __future__ import annotations

import time

import pytest

from tests.engine.conftest import TinyFolder
from tests.engine.test_lanes import Wire
from tests.engine.test_lanes import wire as wire  # the fixture
from tui.engine.rows import finding
from tui.engine.rows.finding import Names
from tui.engine.rows.vocabulary import VocabularyLabels
from tui.engine.session import EngineSession
from tui.protocol import LAST_EVENTS, Analyze, Answered, AnyEvent, Load, Loaded, Readout
from tui.protocol.rows import ReadoutSettings
from tui.tasks import TASKS


class Counting:
    """Labels that say how often one of them was made."""

    def __init__(self) -> None:
        self.made = 0
        self.kept = Names()

    def __getitem__(self, index: int) -> str:
        self.made += 1
        return f"Word {index}"

    def names(self) -> Names:
        return self.kept

    def entry_id(self, text: str) -> int | None:
        return None


def until_done(names: Names) -> None:
    for _ in range(3000):
        if names._ahead is not None and names._ahead.ident is not None:  # it is started after it is known
            names._ahead.join(30)
            return
        time.sleep(0.01)
    raise AssertionError("nothing is made ahead")


def test_all_that_a_search_needs_is_made_once() -> None:
    labels = Counting()
    finding.prepare(labels, 2000, finding.SOME_TIME)
    finding.prepare(labels, 2000)
    until_done(labels.kept)
    assert labels.made == 2000
    index = labels.kept._index
    assert len(index) == 2000
    assert finding.matches("word 1999", labels, 2000).part.tolist() == [1999]
    assert labels.made == 2000
    assert labels.kept._index is index


def test_a_search_does_not_wait_for_what_is_made_in_peace() -> None:
    labels = Counting()
    finding.prepare(labels, 20_000, pause=100_000.0)  # waiting for it would end this test
    assert finding.matches("Word 19999", labels, 20_000).exact == [19_999]
    assert labels.made >= 20_000


@pytest.fixture
def session(wire: Wire) -> EngineSession:
    running = EngineSession(wire.outbox, lost=lambda: None)
    running.start()
    return running


def last(wire: Wire, request_id: int) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    while not events or not (events[-1].id == request_id and isinstance(events[-1], LAST_EVENTS)):
        events.append(wire.next())
    return events


@pytest.mark.parametrize(
    ("model_type", "head", "task"),
    [("gpt2", "CausalLM", "text-generation"), ("bert", "SequenceClassification", "sentiment-analysis")],
)
def test_it_begins_with_the_first_answer_of_a_vocabulary(
    tiny: TinyFolder, wire: Wire, session: EngineSession, model_type: str, head: str, task: str
) -> None:
    wire.outbox.open(1)
    session.load(Load(1, str(tiny(model_type, head=head)), task))
    assert isinstance(last(wire, 1)[-1], Loaded)
    assert session._active is not None
    names = VocabularyLabels(session._active.tokenizer).names()
    assert names._ahead is None
    wire.outbox.open(2)
    session.analyze(Analyze(2, task, {"text": "the film"}, readout=ReadoutSettings(top=1)))
    events = last(wire, 2)
    assert isinstance(events[-1], Answered)
    (readout,) = (event for event in events if isinstance(event, Readout))
    if TASKS[task].over_vocabulary:
        until_done(names)
        assert len(names._made) == len(names._index) == readout.total
    else:
        wire.outbox.open(3)  # what follows the answer is done before the next one
        session.analyze(Analyze(3, task, {"text": "the film"}))
        last(wire, 3)
        assert names._ahead is None
