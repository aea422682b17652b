"""What was asked of the engine and not answered yet, and which events still matter."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from tui.protocol import Analyze, Event, Load, Tokenized
from tui.protocol.tokens import TokenSequence
from tui.tasks import TASKS


@dataclass
class Pending:
    """Tells fresh events from stale ones by their ids.

    An answer to an older text is shown while a newer one is on its way, but never after it.
    """

    load: Load | None = None
    inspect: int | None = None
    """Id of the latest `Inspect`."""
    analyze: Analyze | None = None
    """The latest `Analyze`, until it is answered."""
    failed: int = 0
    """Id of the latest request whose failure is told; an answer to an older one, late, does not take it back."""
    since: int = 0
    """Ids below are of a task that was left: their events say nothing any more."""
    _texts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _sequences: dict[int, tuple[TokenSequence, ...]] = field(default_factory=dict)
    _shown: dict[type[Event], int] = field(default_factory=dict)

    def asked(self, request: Analyze) -> None:
        """Remember the texts of a request that was sent, in the order of the task's form."""
        self.analyze = request
        fields = TASKS[request.task].form.fields
        self._texts[request.id] = tuple(request.inputs.get(each.name, each.default) for each in fields)

    def read(self, event: Tokenized) -> None:
        """Remember the tokens of a request that is not over."""
        if event.id in self._texts:
            self._sequences[event.id] = event.sequences

    def is_same(self, request: Analyze) -> bool:
        """Whether the latest `Analyze`, not answered yet, asks the same."""
        return self.analyze is not None and replace(self.analyze, id=request.id) == request

    def leave(self, since: int) -> None:
        """Another task begins: what was asked before the id `since` is of no interest."""
        self.load = self.analyze = None
        self.since = since

    def is_outdated(self, request_id: int) -> bool:
        """Whether a request is of a task that was left, or about a text that is not the latest."""
        newer = self.analyze is not None and request_id < self.analyze.id and request_id in self._texts
        return request_id < self.since or newer

    def is_fresh(self, event: Event) -> bool:
        """Whether nothing newer of its kind was shown; from then on it is what is shown."""
        if event.id < max(self.since, self._shown.get(type(event), 0)):
            return False
        self._shown[type(event)] = event.id
        return True

    def texts_of(self, request_id: int) -> tuple[str, ...]:
        """The texts an `Analyze` was about, by field."""
        return self._texts.get(request_id, ())

    def sequences_of(self, request_id: int) -> tuple[TokenSequence, ...]:
        """The tokens of an `Analyze`."""
        return self._sequences.get(request_id, ())

    def forget_before(self, request_id: int) -> None:
        """Let go what older requests were about, as one of their answers can't be shown any more."""
        for kept in (self._texts, self._sequences):
            for older in [known for known in kept if known < request_id]:
                del kept[older]

    def settle(self, request_id: int) -> bool:
        """Whether the latest `Analyze` was the one that ended."""
        if self.analyze is None or self.analyze.id != request_id:
            return False
        self.analyze = None
        return True


def split_revision(reference: str) -> tuple[str, str | None]:
    """A reference as typed into checkpoint and revision: `owner/name@revision`; a path keeps its `@`.

    >>> split_revision("owner/name@v1.0"), split_revision("./with@sign"), split_revision("nano-sentiment")
    (('owner/name', 'v1.0'), ('./with@sign', None), ('nano-sentiment', None))
    """
    if reference.startswith(("/", ".", "~")) or reference.count("@") != 1:
        return reference, None
    name, _, revision = reference.partition("@")
    return (name, revision) if name and revision else (reference, None)
