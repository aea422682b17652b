"""Takes a clause apart along the parse: its verb, its subject and what else hangs on the verb."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tui.training.texts.annotation import Paragraph

_LEFT_OUT = {
    "advcl",
    "conj",
    "cc",
    "punct",
    "parataxis",
    "mark",
    "intj",
    "dep",
    "preconj",
    "meta",
    "relcl",
    "acl",
}
_LONGEST_PART = 14


@dataclass(frozen=True)
class Part:
    """What hangs on the verb by one relation: words `first`..`last` (both in), and its own head."""

    relation: str
    head: int
    first: int
    last: int


@dataclass(frozen=True)
class Clause:
    """A verb with its subject, its helping verbs and its other parts, each in the order of the text."""

    verb: int
    subject: Part
    helpers: tuple[Part, ...]
    others: tuple[Part, ...]


def clauses_of(paragraph: Paragraph) -> list[Clause]:
    """Return the clauses with a verb and a subject of their own, whose parts are runs of words.

    Side clauses, further verbs and signs that hang on the verb are left out of its clause.
    """
    words = paragraph.words
    children: defaultdict[int, list[int]] = defaultdict(list)
    for number, word in enumerate(words):
        if word.head != number:
            children[word.head].append(number)
    found: list[Clause] = []
    for number, word in enumerate(words):
        if not word.tag.startswith("VB") or word.relation in ("aux", "auxpass", "amod", "compound"):
            continue
        parts = [
            part
            for child in children[number]
            if words[child].relation not in _LEFT_OUT
            for part in [_part(child, words[child].relation, children)]
            if part is not None
        ]
        subjects = [part for part in parts if part.relation in ("nsubj", "nsubjpass")]
        if len(subjects) == 1:
            helpers = tuple(part for part in parts if part.relation in ("aux", "auxpass"))
            others = tuple(part for part in parts if part not in (*subjects, *helpers))
            found.append(Clause(number, subjects[0], helpers, others))
    return found


def text_of(paragraph: Paragraph, first: int, last: int) -> str:
    """Return the text of the words `first`..`last` (both in)."""
    return paragraph.text[paragraph.words[first].start : paragraph.words[last].end]


def _part(number: int, relation: str, children: defaultdict[int, list[int]]) -> Part | None:
    members = _below(number, children)
    first, last = min(members), max(members)
    # A part with a hole in it ("the man arrived who ...") can't be moved as one.
    whole = len(members) == last - first + 1 and len(members) <= _LONGEST_PART
    return Part(relation, number, first, last) if whole else None


def _below(number: int, children: defaultdict[int, list[int]]) -> Sequence[int]:
    members = [number]
    for member in members:
        members += children[member]
    return members
