"""What a task says of its answer beyond the answer itself: one struct for each kind of task, plain values only.

They travel in `Answered.view`. The answer pane and the command line draw them; a test holds their numbers against
transformers'.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class AnswerView(msgspec.Struct, frozen=True, tag=True):
    """Base of all views."""


# ------------------------------------------------------------------------------- text classification


class Score(msgspec.Struct, frozen=True):
    """A label with its score, as transformers' pipeline returns it."""

    label: str
    score: float


class Classified(AnswerView, frozen=True, tag=True):
    """Labels with their scores."""

    scores: tuple[Score, ...]
    """Highest first, `top_k` of them."""
    note: str = ""
    """What to know about this head: that one logit can be two things, say."""
    function: str = ""
    """What made scores of the logits: softmax, sigmoid or none; empty where unknown."""
    total: int | None = None
    """Labels of the head; None where unknown."""


# ------------------------------------------------------------------------------------------ zero-shot


class LabelVerdict(msgspec.Struct, frozen=True):
    """One label's pair and what the head says of it."""

    label: str
    start: int
    """Its first character in the field of labels."""
    hypothesis: str
    sequence: int
    """The token sequence that is its pair."""
    logits: tuple[float, ...]
    """One for each of `Ranked.head`."""
    score: float
    """The pipeline's score."""


class Ranked(AnswerView, frozen=True, tag=True):
    """Labels ranked by how well their hypotheses follow from the text."""

    head: tuple[str, ...]
    """The head's own labels."""
    entailment: int
    """Which of `head` is entailment."""
    contradiction: int | None
    """Which of `head` the multi-label reading sets against it; None where it is not used."""
    multi_label: bool
    """Whether each label is scored by itself: asked for, or there is one label only."""
    verdicts: tuple[LabelVerdict, ...]
    """Highest score first."""
    note: str = ""
    """What to know about the head's labels: that none is named entailment, say."""


# -------------------------------------------------------------------------------------------- next token


class TokenScore(msgspec.Struct, frozen=True, array_like=True):
    """How likely a token was, given those before it; None for the first, of which nothing is known."""

    probability: float | None
    rank: int | None
    """1 for the likeliest token of the whole vocabulary."""
    surprisal_bits: float | None


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """A token that could stand somewhere."""

    id: int
    text: str
    """As it decodes by itself."""
    probability: float


class Scored(AnswerView, frozen=True, tag=True):
    """Every token of a text under a causal model, and what comes next."""

    tokens: tuple[TokenScore, ...]
    """By position."""
    perplexity: float | None
    """e to the mean of −ln p over the tokens that have a probability; None where none has."""
    total_bits: float | None
    """Sum of their surprisals."""
    characters: int | None
    """Characters that the tokens with a probability cover; None where the tokenizer knows no offsets."""
    text_bytes: int | None
    """The same in UTF-8."""
    next: tuple[Candidate, ...]
    """The likeliest next tokens."""
    continuation: str = ""
    """What greedy decoding goes on with."""
    written: int = 0
    """Tokens of the continuation, special ones that its text leaves out included."""
    stopped: str = ""
    """Why it ended; empty where nothing was written."""
    rendered: str | None = None
    """The prompt that the chat template made of the turns."""
    note: str = ""
    """What differs from what was asked: a prompt that was cut, greedy decoding in the place of sampling."""
    others: tuple[str, ...] = ()
    """Further continuations, where the checkpoint asks for several, best first."""
    prefix: str = ""
    """What the model reads before the text, with a probability for its tokens, too; empty for nothing."""
    prefix_by: str = ""
    """Whose that is."""


# --------------------------------------------------------------------------------------------- fill-mask


class Fill(msgspec.Struct, frozen=True):
    """A guess for one mask, as the pipeline returns it."""

    id: int
    text: str
    score: float
    sentence: str
    """The text with this guess in the mask's place, made from the tokens."""
    start: int | None
    """First character of the text as typed that gives way to `typed`: the mask's, or the gap's before it."""
    typed: str
    """What to type in the mask's place to have this guess there; empty where it is no character by itself."""


class Mask(msgspec.Struct, frozen=True):
    """One masked place."""

    position: int
    start: int | None
    """Its first character in the text as typed; None where the tokenizer knows no offsets."""
    end: int | None
    """One past its last."""
    fills: tuple[Fill, ...]
    """Best first, `top_k` of them."""


class Filled(AnswerView, frozen=True, tag=True):
    """What could stand in each mask."""

    masks: tuple[Mask, ...]
    mask_token: str
    """How this tokenizer spells it."""
    total: int
    """Tokens of the vocabulary, or of the targets where there are any."""
    note: str = ""
    """What happened to the targets, say."""


# ---------------------------------------------------------------------------------------------------- ner


class Entity(msgspec.Struct, frozen=True):
    """A marked stretch of the text."""

    label: str
    score: float
    start: int | None
    """First character in the text as typed; None where the tokenizer knows no offsets."""
    end: int | None
    """One past the last."""
    word: str
    """The pipeline's own spelling, made from the tokens."""
    sequence: int
    """The window it was found in."""
    first: int
    """Position of its first token in that window."""
    last: int


class Strategy(msgspec.Struct, frozen=True):
    """What one aggregation strategy makes of the labels."""

    name: str
    entities: tuple[Entity, ...]
    """In the order of the text; none of them is labeled O, which stands for no entity."""
    why_not: str = ""
    """Why it can't be had here; empty where it can."""


class Tagged(AnswerView, frozen=True, tag=True):
    """A label for every token."""

    labels: tuple[str, ...]
    probabilities: tuple[tuple[tuple[float, ...], ...], ...]
    """[sequences][positions][labels], by softmax."""
    strategies: tuple[Strategy, ...]
    """Every one the pipeline has."""
    chosen: str
    """The strategy of the answer."""


# ------------------------------------------------------------------------------------- question answering


class TokenSpan(msgspec.Struct, frozen=True, array_like=True):
    """From one token of a window to another, as the head rates it."""

    sequence: int
    """The window."""
    first: int
    """Position of its first token in that window."""
    last: int
    score: float
    """Product of the probabilities of its start and its end."""
    start_logit: float
    end_logit: float


class Span(msgspec.Struct, frozen=True):
    """A stretch of the context that could be the answer."""

    text: str
    start: int
    """Characters of the context as typed, widened to whole words."""
    end: int
    score: float
    """The pipeline's: the sum over `found`."""
    found: tuple[TokenSpan, ...]
    """Token spans whose words read the same but for case; the characters are those of the first."""
    no_answer: bool = False
    """Whether it stands for “no answer”."""


class Window(msgspec.Struct, frozen=True):
    """What one window of the context says."""

    start_logits: tuple[float, ...]
    """By position, as they leave the model."""
    end_logits: tuple[float, ...]
    start_probabilities: tuple[float, ...]
    """By position: softmax over the open positions; 0 at the others."""
    end_probabilities: tuple[float, ...]
    open: tuple[bool, ...]
    """Whether a position takes part: the context's tokens, and the first position, which stands for no answer."""
    null_score: float
    """Product of both probabilities at the first position, which are 0 in what spans are made of."""


class Extracted(AnswerView, frozen=True, tag=True):
    """Where the answer may stand."""

    spans: tuple[Span, ...]
    """The best of what the pipeline weighs over all windows, best first."""
    weighed: int
    """How many it weighs."""
    top_k: int
    """How many of `spans` are the answer."""
    max_answer_len: int
    """Most tokens of a span."""
    windows: tuple[Window, ...]
    null_score: float
    """The least over the windows: what “no answer” competes with."""
    impossible: bool
    """Whether “no answer” could win."""
    note: str = ""
    """What to know about the tokenizer, say."""


# ----------------------------------------------------------------------------- summarization, translation


class WrittenToken(msgspec.Struct, frozen=True):
    """A token that the decoder wrote."""

    id: int
    text: str
    probability: float | None
    """Under the logits of its step as they leave the model; None for the start token and where they are NaN."""
    rank: int | None
    """1 for the likeliest token of the whole vocabulary under those logits."""
    alternatives: tuple[Candidate, ...]
    """The likeliest tokens of the step, best first; the written one can be among them."""
    forced_by: str = ""
    """The setting that put it there whatever the logits were; empty for a token that was chosen."""


class GenerationSetting(msgspec.Struct, frozen=True):
    """A setting that the generation obeyed, and whose it is."""

    name: str
    value: str
    origin: str
    """`yours`, the task's pipeline, a file of the checkpoint, `Logitscope` or `transformers' default`."""


class Generated(AnswerView, frozen=True, tag=True):
    """A text written by a decoder from what the encoder read."""

    text: str
    tokens: tuple[WrittenToken, ...]
    """The decoder's tokens from the start token on; they are the token sequence `sequence`."""
    sequence: int
    prefix: str
    """What was put before the text; empty for nothing."""
    source: tuple[GenerationSetting, ...]
    """What the encoder was told besides the text, and by whose word: prefix and language codes."""
    settings: tuple[GenerationSetting, ...]
    """What the decoder obeyed."""
    log_probability: float | None
    """Of all chosen tokens together, nats, under the logits as they leave the model; None where it is no number."""
    stopped: str
    """Why it ended."""
    beam_score: float | None = None
    """What `generate` reports for the best beam; None without beams."""
    note: str = ""
    others: tuple[str, ...] = ()
    """Further texts, where the checkpoint asks for several, best first."""


# -------------------------------------------------------------------------------------- feature extraction


class Featured(AnswerView, frozen=True, tag=True):
    """Hidden states as vectors."""

    width: int
    norms: tuple[tuple[float, ...], ...]
    """[sequences][positions]: length of each token's vector."""
    pooled: tuple[tuple[float, ...], ...]
    """[sequences][width]."""
    pooling: str
    cosine: float | None
    """Between the two texts' pooled vectors; None with one text, or where a vector is zero."""
    between_tokens: tuple[tuple[float, ...], ...]
    """Cosines [positions of the first][positions of the second, or of the first], of so many as are compared."""
    closest: tuple[tuple[int | None, ...], ...]
    """[sequences][positions]: the position whose vector is most like it, in the other text if there is one, else in
    the same, itself apart; None for what is not compared."""
    note: str = ""
    """Whose hidden states these are, where that is a question."""


AnyView: TypeAlias = Classified | Ranked | Scored | Filled | Tagged | Extracted | Generated | Featured
