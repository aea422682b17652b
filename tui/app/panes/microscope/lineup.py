"""Which tokenizers stand side by side."""

from __future__ import annotations

from collections.abc import Mapping

from tui.protocol.microscope.comparison import MOST_TOKENIZERS

FEWEST_TOKENIZERS = 2
_COMPANIONS = 2


def companions(kinds: Mapping[str, str], subject: str, kind: str) -> tuple[str, ...]:
    """Up to two built-ins to begin with, of kinds that differ from the subject's and from each other's.

    kinds: model of each built-in's tokenizer, by name. Where all are of one kind, the first one that is not the
    subject.

    >>> companions({"a": "BPE", "b": "BPE", "c": "WordPiece"}, "a", "BPE")
    ('c',)
    >>> companions({"a": "BPE", "b": "BPE"}, "a", "BPE")
    ('b',)
    """
    found: dict[str, str] = {}
    for name, its_kind in kinds.items():
        if name != subject and its_kind != kind:
            found.setdefault(its_kind, name)
    return tuple(found.values())[:_COMPANIONS] or tuple(name for name in kinds if name != subject)[:1]


class Lineup:
    """The subject, and others: those to begin with until a person puts one in or takes one away."""

    def __init__(self) -> None:
        self.subject = ""
        """As questions name it; empty: the tokenizer of the checkpoint in use."""
        self.subject_broken = False
        """Whether it could not be read the last time."""
        self._called = ""
        self._taken_away = False
        self._chosen = False
        self._others: tuple[str, ...] = ()

    def look_at(self, subject: str) -> None:
        """Another subject takes the old one's place."""
        if subject != self.subject:
            self.subject = self._called = subject
            self.subject_broken = self._taken_away = False

    def know(self, called: str, kinds: Mapping[str, str], kind: str) -> None:
        """The subject can be read, this is its own name and kind; who has chosen no others is proposed some."""
        self._called, self.subject_broken = called, False
        if not self._chosen:
            self._others = companions(kinds, called, kind)

    @property
    def standing(self) -> tuple[str, ...]:
        """All of them, each once, the subject first."""
        first = () if self._taken_away or self.subject_broken else (self.subject,)
        return (*first, *self.others)[:MOST_TOKENIZERS]

    @property
    def others(self) -> tuple[str, ...]:
        """All but the subject."""
        own = (self.subject, self._called)
        return tuple(dict.fromkeys(other for other in self._others if other not in own))

    def add(self, reference: str) -> str:
        """Put one more beside them; why not, where it can't be."""
        own = reference in (self.subject, self._called)
        if reference in self.standing or (own and self.subject in self.standing):
            return f"{reference} stands here already."
        if len(self.standing) >= MOST_TOKENIZERS:
            return f"{MOST_TOKENIZERS} are the most: x takes the selected one away."
        self._chosen = True
        if own:
            self._taken_away = False
        else:
            self._others = (*self.others, reference)
        return ""

    def remove(self, reference: str) -> str:
        """Take one away; why not, where it can't be."""
        if len(self.standing) <= FEWEST_TOKENIZERS:
            return "Two are the fewest: a puts another beside them, then this one can go."
        self._chosen = True
        if reference == self.subject:
            self._taken_away = True
        self.drop(reference)
        return ""

    def drop(self, reference: str) -> None:
        """One of the others can't be read: it goes, however few are left."""
        self._others = tuple(other for other in self.others if other != reference)
