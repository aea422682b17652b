"""The tokenizers under the microscope, and the answers to what is asked of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.engine.errors import EngineError, plain
from tui.engine.frames import Outbox
from tui.engine.lanes import Job, Lane
from tui.engine.sources.locate import path_of
from tui.engine.tokenization import vocabulary
from tui.engine.tokenization.comparison import compare
from tui.engine.tokenization.contrasts import contrast
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.from_ids import from_ids
from tui.engine.tokenization.giving_up import gives_up, is_its_own
from tui.engine.tokenization.looked_at import LookedAt, told_beside
from tui.engine.tokenization.nearest import nearest_tokens
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.engine.tokenization.passages import Passage
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.token_list import LongReading
from tui.engine.tokenization.traces import tracer_of
from tui.engine.tokenization.training.shelf import PREFIX, Shelf
from tui.protocol import Examine, Examined, Progress
from tui.protocol.failures import Failure
from tui.protocol.microscope.portions import AnyPortion, End
from tui.protocol.microscope.questions import (
    AnyFinding,
    AnyQuestion,
    Bring,
    Brought,
    Browse,
    Browsed,
    Compare,
    Contrast,
    Contrasted,
    Dissect,
    Dissected,
    Explain,
    Explained,
    IdsRead,
    ListTokens,
    Open,
    Opened,
    ReadIds,
    ReadText,
    ReadTexts,
    Save,
    Saved,
    SideBySide,
    TextRead,
    TextsRead,
    TokensListed,
    Traced,
    TraceWord,
    Train,
    Trained,
)
from tui.protocol.microscope.token_list import MOST_CHARACTERS

if TYPE_CHECKING:
    import torch

MOST_OPEN = 6
"""Tokenizers kept besides the one in use, each with its inside; the one asked for longest ago goes first."""
_QUICK = (
    "Bring",
    "Dissect",
    "TraceWord",
    "ReadIds",
    "Browse",
    "Explain",
    "Contrast",
    "Compare",
    "Save",
    "ListTokens",
    "ReadText",
    "ReadTexts",
)


class InUse(NamedTuple):
    """The tokenizer of the checkpoint in use."""

    opened: OpenTokenizer
    embeddings: torch.Tensor | None
    """Input embeddings of its model, [rows, width]; None before the model is loaded."""


class Bench:
    """Answers questions about tokenizers in lanes of its own: what is quick, opening one, and training."""

    def __init__(
        self,
        outbox: Outbox,
        attempt: Callable[[int, str, Callable[[], None]], object],
        in_use: Callable[[], InUse | None],
    ) -> None:
        """`attempt` does a request's work and tells its failure; `in_use` knows the checkpoint in use."""
        self._outbox = outbox
        self._attempt = attempt
        self._in_use = in_use
        self._lock = threading.Lock()
        self._own: LookedAt | None = None
        self._opened: OrderedDict[str, LookedAt] = OrderedDict()
        self._shelf = Shelf()
        self._reading: LongReading | None = None
        """The latest text whose tokens were listed; only the lane of what is quick touches it."""
        self._passage: Passage | None = None
        """The text that is being told in portions; the same lane's."""
        self._quick = Lane("microscope", _QUICK, outbox.supersede)
        self._training = Lane("training", ("Train",), outbox.supersede)
        self.opening = Lane("opening", ("Open",), outbox.supersede)
        """Nobody waits for what it is at once that is not wanted any more: it can be left in the middle."""
        self.lanes = (self._quick, self._training, self.opening)
        """For whoever starts them and looks after them."""

    def examine(self, request: Examine) -> None:
        """Take a question; one of its kind that waits gives way to it."""
        kind = type(request.question).__name__
        match request.question:
            case Train():
                lane = self._training
            case Open():
                lane = self.opening
            case _:
                lane = self._quick
        work = partial(self._answer, request)
        lane.submit(Job(request.id, kind, lambda: self._attempt(request.id, kind, work)))

    def forget(self, request_id: int) -> None:
        """Remove a question that waits."""
        for lane in self.lanes:
            lane.forget(request_id)

    def _answer(self, request: Examine) -> None:
        try:
            finding = self._found(request.id, request.question)
        except BaseException as error:
            if is_its_own(error):
                named = getattr(request.question, "tokenizer", "")
                raise gives_up(Path(named) if named else None, error) from error
            raise
        self._outbox.send(Examined(request.id, finding))

    def _found(self, request_id: int, question: AnyQuestion) -> AnyFinding:
        match question:
            case Open(tokenizer=reference):
                return Opened(self._subject(reference, partial(self._stage, request_id)).facts)
            case Dissect():
                return self._dissected(question)
            case TraceWord():
                return self._traced(question)
            case Browse(tokenizer=reference, query=query):
                subject = self._subject(reference)
                page = vocabulary.search(
                    subject.tokenizer, query, question.by, question.which, question.start, question.count
                )
                return Browsed(subject.facts, page)
            case Explain():
                return self._explained(request_id, question)
            case ReadIds(tokenizer=reference, ids=typed):
                subject = self._subject(reference)
                read = from_ids(subject.tokenizer, typed, question.start, question.count)
                return IdsRead(subject.facts, read)
            case ListTokens():
                return self._listed(request_id, question)
            case ReadTexts(tokenizer=reference):
                return self._texts_read(request_id, self._subject(reference), question)
            case ReadText():
                return self._read_on(question)
            case Compare(text=text, tokenizers=references):
                subjects = [self._subject(reference) for reference in references]
                check = partial(self._outbox.check, request_id)
                opened = [subject.opened for subject in subjects]
                compared = compare(text, opened, start=question.start, check=check)
                return SideBySide(compared, tuple(told_beside(subjects, text)))
            case Contrast(tokenizer=reference, text=text):
                subject = self._subject(reference)
                return Contrasted(subject.facts, contrast(text, subject.opened, start=question.start))
            case Bring(trained=packed):
                self._shelf.bring(packed)
                return Brought()
            case Train():
                return self._train(request_id, question)
            case Save():
                return Saved(str(save(self._subject(question.tokenizer).tokenizer, question.path)))

    def _dissected(self, question: Dissect) -> Dissected:
        subject = self._subject(question.tokenizer)
        subject.tokenizer.try_text(question.text, question.pair, back=True)
        began = time.perf_counter()
        stages = subject.stages.stages(question.text, question.pair)
        seconds = time.perf_counter() - began
        alone = subject.alone(question.text) if question.pair is None else None
        return Dissected(subject.facts, question.text, question.pair, stages, seconds, alone)

    def _traced(self, question: TraceWord) -> Traced:
        subject = self._subject(question.tokenizer)
        if not isinstance(subject.tokenizer, RustTokenizer):
            return Traced(
                subject.facts, None, "It is written in Python, which tells its pieces and not its steps."
            )
        subject.tokenizer.try_text(question.word)
        return Traced(subject.facts, tracer_of(subject.tokenizer).trace(question.word))

    def _explained(self, request_id: int, question: Explain) -> Explained:
        subject = self._subject(question.tokenizer)
        detail = vocabulary.detail(subject.tokenizer, question.id)
        in_use, nearest = self._in_use(), None
        if in_use is None or in_use.opened.tokenizer is not subject.tokenizer:
            why = "Nearest tokens are those of the checkpoint in use, whose tokenizer is another one."
        elif in_use.embeddings is None:
            why = "Nearest tokens are known once the checkpoint is loaded."
        elif question.id >= len(in_use.embeddings):
            why = f"The model has embeddings for the ids below {len(in_use.embeddings):,} only."
        else:
            why = ""
            check = partial(self._outbox.check, request_id)
            nearest = nearest_tokens(
                subject.tokenizer, in_use.embeddings, question.id, question.nearest, check
            )
        return Explained(subject.facts, detail, nearest, why)

    def _listed(self, request_id: int, question: ListTokens) -> TokensListed:
        subject = self._subject(question.tokenizer)
        known = self._reading
        text = question.text
        if text is None and known is not None and known.name == question.name:
            text = known.text
        if text is None:
            raise EngineError(
                "This text is not kept any more",
                "Another one was read since, or the engine was started again.",
                "Ask with the text itself.",
            )
        if known is None or known.tokenizer is not subject.tokenizer or known.text != text[:MOST_CHARACTERS]:
            known = self._reading = LongReading(subject.tokenizer, subject.opened.name, text)
        while not known.is_whole:
            known.read_on()
            if not known.is_whole:
                self._outbox.send(Progress(request_id, "tokens", known.done, len(known.text), "characters"))
                self._give_way(request_id)
        return TokensListed(
            subject=subject.facts,
            name=known.name,
            characters=len(known.text),
            total=known.total,
            unknown=known.unknown,
            uncovered=known.uncovered,
            uncovered_spaces=known.uncovered_spaces,
            seconds=known.seconds,
            start=question.start,
            rows=known.rows(question.start, question.count),
        )

    def _texts_read(self, request_id: int, subject: LookedAt, question: ReadTexts) -> TextsRead:
        read: list[tuple[AnyPortion, ...] | Failure] = []
        with suppress(EngineError):  # that of one text: each is asked about alone, to find out which
            for portions in subject.stages.told(question.texts, question.brief):
                read.append(portions)
                self._outbox.check(request_id)
        for text in question.texts[len(read) :]:
            self._outbox.check(request_id)
            try:
                read.extend(subject.stages.told((text,), question.brief))
            except EngineError as error:
                read.append(error.failure)
        alone = tuple(
            None if isinstance(portions, Failure) else subject.alone(text)
            for text, portions in zip(question.texts, read, strict=True)
        )
        return TextsRead(subject.facts, tuple(read), alone if any(alone) else ())

    def _read_on(self, question: ReadText) -> TextRead:
        subject = self._subject(question.tokenizer)
        if question.text is not None:
            self._passage = subject.stages.passage(question.text, question.brief)
        passage = self._passage
        if passage is None:
            raise EngineError(
                "This text is not kept any more",
                "It was told to its end, or the engine was started again.",
                "Ask with the text itself.",
            )
        portion = passage.next()
        if portion is None or isinstance(portion, End):
            self._passage = None
        return TextRead(subject.facts, () if portion is None else (portion,), passage.done, passage.total)

    def _give_way(self, request_id: int) -> None:
        """Between the parts of a long text: others' questions first; what was read is kept for the next."""
        newer = self._quick.waiting("ListTokens")
        if newer is not None:
            self._outbox.supersede(request_id, newer)
        self._outbox.check(request_id)
        for kind in _QUICK:
            if kind != "ListTokens":
                self._quick.serve(kind)

    def _train(self, request_id: int, question: Train) -> Trained:
        began = time.perf_counter()

        def report(stage: str, done: int, total: int) -> None:
            self._outbox.send(Progress(request_id, stage, done if total else None, total or None))

        opened, packed = self._shelf.train(question.recipe, report, lambda: self._outbox.check(request_id))
        facts = self._subject(opened.reference).facts
        return Trained(facts, question.recipe, time.perf_counter() - began, packed)

    def _stage(self, request_id: int, name: str) -> None:
        """Tell how far a tokenizer is opened; give it up where it is not wanted any more."""
        self._outbox.check(request_id)
        self._outbox.send(Progress(request_id, name))

    def _subject(self, reference: str, stage: Callable[[str], None] = lambda _: None) -> LookedAt:
        """The tokenizer that a reference names, opened if it isn't. Raises EngineError where there is none.

        stage: told what comes next while it is opened.
        """
        in_use = self._in_use()
        if in_use is not None and reference in ("", in_use.opened.reference):
            with self._lock:
                if self._own is None or self._own.tokenizer is not in_use.opened.tokenizer:
                    self._own = LookedAt(in_use.opened)
                return self._own
        if not reference:
            raise EngineError(
                "No tokenizer is loaded yet",
                "The checkpoint in use is still being loaded.",
                "Wait until it is, or name a tokenizer.",
            )
        with self._lock:
            known = self._opened.get(reference)
            if known is not None:
                self._opened.move_to_end(reference)
                return known
        on_shelf = reference.startswith(PREFIX)
        opened = LookedAt(self._shelf.find(reference) if on_shelf else open_tokenizer(reference, stage=stage))
        with self._lock:
            self._opened[reference] = opened
            while len(self._opened) > MOST_OPEN:
                self._opened.popitem(last=False)
        return opened


def save(tokenizer: AnyTokenizer, path: str) -> Path:
    """Write a tokenizer as `tokenizer.json` into a folder, or into a new file ending in .json; the file written.

    Raises EngineError where it can't be written, and where it would take another's place.
    """
    if not isinstance(tokenizer, RustTokenizer):
        raise EngineError(
            "This tokenizer has no tokenizer.json",
            "It is written in Python, and only its own library can save it.",
            "Save it with transformers: tokenizer.save_pretrained(folder).",
        )
    if not path.strip():
        raise EngineError("Where to?", "No path was given.", "Name a folder, or a new file ending in .json.")
    target = path_of(path)
    if target.suffix != ".json":
        target = target / "tokenizer.json"
    if target.exists():
        raise EngineError(
            "There is a file of this name already",
            f"{target} is not written over.",
            "Choose another name, or remove it first.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        tokenizer.ask(lambda backend: backend.save(str(target)))
    except BaseException as error:
        reason = getattr(error, "strerror", None) or plain(error)
        raise EngineError(
            "It could not be saved", f"{target}: {reason}.", "Choose another folder."
        ) from error
    return target
