"""What was asked of the engine and not answered yet, and which events still matter."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.protocol import Analyze, Event, Load


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
    _texts: dict[int, str] = field(default_factory=dict)
    _shown: dict[type[Event], int] = field(default_factory=dict)

    def asked(self, request: Analyze) -> None:
        """Remember the text of a request that was sent."""
        self.analyze = request
        self._texts[request.id] = request.text

    def is_fresh(self, event: Event) -> bool:
        """Whether nothing newer of its kind was shown; from then on it is what is shown."""
        if event.id < self._shown.get(type(event), 0):
            return False
        self._shown[type(event)] = event.id
        return True

    def text_of(self, request_id: int) -> str:
        """The text an `Analyze` was about; those of older ones are let go."""
        text = self._texts.get(request_id, "")
        for older in [known for known in self._texts if known < request_id]:
            del self._texts[older]
        return text

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
