"""What can be asked about a tokenizer, and the answers: plain values. `protocol.Examine` carries a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from tui.protocol.failures import Failure
from tui.protocol.microscope.alone import Alone
from tui.protocol.microscope.comparison import Comparison, Contrasts
from tui.protocol.microscope.from_ids import FromIds
from tui.protocol.microscope.portions import AnyPortion
from tui.protocol.microscope.stages import Stages
from tui.protocol.microscope.token_list import ListedToken
from tui.protocol.microscope.traces import AnyTrace
from tui.protocol.microscope.training import Recipe
from tui.protocol.microscope.vocabulary import EntryDetail, NearestTokens, SearchBy, VocabularyPage, Which


class Question(msgspec.Struct, frozen=True, tag=True):
    """Base of all questions."""


class About(Question, frozen=True, tag=True):
    """Base of the questions about one tokenizer."""

    tokenizer: str = ""
    """A built-in's name, a folder, a `tokenizer.json`, a Hub id in the cache or what `Trained` names; empty: that
    of the checkpoint in use."""


class Open(About, frozen=True, tag=True):
    """Make a tokenizer ready to be asked about, which can take long. → `Progress`*, `Opened`."""


class Dissect(About, frozen=True, tag=True):
    """Every stage of a text, there and back. → `Dissected`."""

    text: str = ""
    pair: str | None = None


class TraceWord(About, frozen=True, tag=True):
    """How the model cuts one word. → `Traced`."""

    word: str = ""
    """A pre-token, as the model is given it."""


class Browse(About, frozen=True, tag=True):
    """A page of the vocabulary's entries. → `Browsed`."""

    query: str = ""
    by: SearchBy = "text"
    which: Which = "all"
    start: int = 0
    count: int = 200


class Explain(About, frozen=True, tag=True):
    """All about one entry. → `Explained`."""

    id: int = 0
    nearest: int = 12
    """How many of the tokens nearest in embedding space are wanted, where a model with embeddings is loaded."""


class ReadIds(About, frozen=True, tag=True):
    """What ids that were typed stand for. → `IdsRead`."""

    ids: str = ""
    start: int = 0
    count: int = 200


class ListTokens(About, frozen=True, tag=True):
    """Some of the tokens of a long text, without special ones around it. → `Progress`*, `TokensListed`."""

    text: str | None = None
    """None: the text called `name`, so that not every page takes the whole text along."""
    name: str = ""
    """The text of the latest `TokensListed`, as it was called there; only that one is kept."""
    start: int = 0
    count: int = 200


class ReadTexts(About, frozen=True, tag=True):
    """What a tokenizer makes of some short texts, each told whole. → `TextsRead`."""

    texts: tuple[str, ...] = ()
    brief: bool = False
    """Only the beginnings and the sums are wanted."""


class ReadText(About, frozen=True, tag=True):
    """The next portions of what a tokenizer makes of a text of any length. → `TextRead`."""

    text: str | None = None
    """The text, with the first question about it; None: go on with it."""
    brief: bool = False
    """Only the beginnings and the sums are wanted; of the first question."""


class Compare(Question, frozen=True, tag=True):
    """Several tokenizers on the same text. → `SideBySide`."""

    text: str
    tokenizers: tuple[str, ...]
    """Two to four, as `About.tokenizer` names them."""
    start: int = 0
    """First character of the part that pieces are wanted for."""


class Contrast(About, frozen=True, tag=True):
    """The text cut into words and into characters, beside what the tokenizer does. → `Contrasted`."""

    text: str = ""
    start: int = 0


class Train(Question, frozen=True, tag=True):
    """Train a tokenizer. → `Progress`*, `Trained`."""

    recipe: Recipe


class Bring(Question, frozen=True, tag=True):
    """Take over what was trained in an engine before this one. → `Brought`."""

    trained: Mapping[str, bytes]
    """The `packed` of each `Trained`, by the subject's reference."""


class Save(About, frozen=True, tag=True):
    """Write a tokenizer as `tokenizer.json`. → `Saved`."""

    path: str = ""
    """A folder, or a file that ends in .json; it must not exist."""


AnyQuestion: TypeAlias = (
    Open
    | Dissect
    | TraceWord
    | Browse
    | Explain
    | ReadIds
    | ListTokens
    | ReadTexts
    | ReadText
    | Compare
    | Contrast
    | Train
    | Bring
    | Save
)


class Finding(msgspec.Struct, frozen=True, tag=True):
    """Base of all answers."""


class Subject(msgspec.Struct, frozen=True):
    """The tokenizer that was looked at."""

    reference: str
    """As `About.tokenizer` can name it again."""
    model: str
    """The class of its model: `BPE`, `WordPiece`, `Unigram`, `WordLevel`; or of a tokenizer in Python."""
    size: int
    """Entries of its vocabulary, added tokens among them."""
    notes: tuple[str, ...] = ()
    """What is to be said of it whatever the text, in sentences."""


class Opened(Finding, frozen=True, tag=True):
    """It is ready: other questions about it are answered at once."""

    subject: Subject


class Dissected(Finding, frozen=True, tag=True):
    """The stages."""

    subject: Subject
    text: str
    pair: str | None
    stages: Stages
    seconds: float
    alone: Alone | None = None
    """What the checkpoint's tokenizer.json makes of the text by itself, where that is something else."""


class Traced(Finding, frozen=True, tag=True):
    """The algorithm on one word."""

    subject: Subject
    trace: AnyTrace | None
    """None where the tokenizer's algorithm can't be followed."""
    why: str = ""
    """Why it can't."""


class Browsed(Finding, frozen=True, tag=True):
    """A page of the vocabulary."""

    subject: Subject
    page: VocabularyPage


class Explained(Finding, frozen=True, tag=True):
    """An entry."""

    subject: Subject
    detail: EntryDetail
    nearest: NearestTokens | None
    """None where no model's embeddings are at hand."""
    why: str = ""
    """Why they are not, a sentence."""


class IdsRead(Finding, frozen=True, tag=True):
    """Ids and their text."""

    subject: Subject
    read: FromIds


class TokensListed(Finding, frozen=True, tag=True):
    """Some of a text's tokens, and what is to be said of all."""

    subject: Subject
    name: str
    """What `ListTokens.name` calls the text by."""
    characters: int
    """That were read."""
    total: int
    """Tokens."""
    unknown: int
    """Tokens that stand for what is not in the vocabulary."""
    uncovered: int | None
    """Characters that no token stands for; None where the tokenizer doesn't tell."""
    uncovered_spaces: int | None
    """Those of them that are white space."""
    seconds: float
    """What the reading took, once for all pages."""
    start: int
    """Place of the first of these tokens among all."""
    rows: tuple[ListedToken, ...]


class TextsRead(Finding, frozen=True, tag=True):
    """What became of each text."""

    subject: Subject
    texts: tuple[tuple[AnyPortion, ...] | Failure, ...]
    """A failure where the tokenizer gave up on one."""
    alone: tuple[Alone | None, ...] = ()
    """For each text what the checkpoint's tokenizer.json makes of it by itself, where that is something else;
    empty where it is the same for all of them."""


class TextRead(Finding, frozen=True, tag=True):
    """The next portions of a text, in order; after the last, `End`, there are no more."""

    subject: Subject
    portions: tuple[AnyPortion, ...]
    done: int
    """Work that is done."""
    total: int
    """Work in all, in the same unit: some of the text's characters, in several passes."""


class SideBySide(Finding, frozen=True, tag=True):
    """Tokenizers on one text."""

    comparison: Comparison
    notes: tuple[str, ...] = ()
    """Where a tokenizer's own tokenizer.json is another one by itself, in sentences that name it."""


class Contrasted(Finding, frozen=True, tag=True):
    """Words, subwords and characters."""

    subject: Subject
    contrasts: Contrasts


class Trained(Finding, frozen=True, tag=True):
    """A tokenizer that can be looked at, compared and saved as long as the engine runs."""

    subject: Subject
    recipe: Recipe
    seconds: float
    packed: bytes = b""
    """Its tokenizer.json, by zlib, for the next engine (`Bring`); empty where it is too large for that."""


class Brought(Finding, frozen=True, tag=True):
    """They can be named as before."""


class Saved(Finding, frozen=True, tag=True):
    """The file was written."""

    path: str


AnyFinding: TypeAlias = (
    Opened
    | Dissected
    | Traced
    | Browsed
    | Explained
    | IdsRead
    | TokensListed
    | TextsRead
    | TextRead
    | SideBySide
    | Contrasted
    | Trained
    | Brought
    | Saved
)
