"""A text told in portions against its stages and against the library: the same, whatever its length."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.stages import RustStages, stages_of
from tui.protocol.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Tokens,
    VocabularyEntry,
    Words,
)
from tui.protocol.microscope.words import words_of

MODELS = Path(__file__).parents[3] / "tui" / "models"
NAMES = [
    "nano-sentiment",
    "nano-ner",
    "nano-generation",
    "nano-fill-mask",
    "nano-translation",
    "nano-summarization",
]
ODD = [
    "World",
    "naïve",
    "東京",
    "[CLS]",
    "<s>",
    "</s>",
    "[UNK]",
    "don't",
    "x.y",
    "  ",
    "\n",
    "𝒳",
    "\x1b",
    "🙂",
    "ﬁ",
    "é",
]
ODD += ["12345", "!!", "<mask>", "<|endoftext|>", " n't", " '", "DON'T ."]


def some_text(words: int, seed: int = 0) -> str:
    chance = random.Random(seed)
    plain = ["".join(chance.choices("etaoinshrdlu", k=chance.randrange(1, 9))) for _ in range(words)]
    return " ".join(chance.choice(ODD) if chance.random() < 0.15 else word for word in plain)


TEXTS = [
    "",
    "a",
    " ",
    "Hello naïve waiting 東京 [CLS] \x1b[31m",
    *(some_text(words) for words in (10, 100, 2_500)),
]


def all_of(portions: Iterable[AnyPortion]) -> dict[str, Any]:
    """What the portions tell, put together."""
    told: dict[str, Any] = {
        "normalized": "",
        "words": [],
        "tokens": [],
        "decoded": "",
        "same": [],
        "differences": [],
    }
    entries: dict[int, Any] = {}
    for portion in portions:
        match portion:
            case NormalizedText():
                told["normalized"] += portion.text
            case Words():
                added = [place in portion.added for place in range(len(portion.texts))]
                told["words"] += zip(portion.texts, portion.starts, portion.ends, added, strict=True)
            case Tokens():
                entries |= {entry.id: (entry.text, entry.spelled) for entry in portion.entries}
                sorts = [
                    [place in places for place in range(len(portion.ids))]
                    for places in (portion.around, portion.unknown, portion.added)
                ]
                columns = (
                    portion.ids,
                    portion.starts,
                    portion.ends,
                    portion.words,
                    portion.type_ids,
                    portion.masks,
                )
                named = [entries[index] for index in portion.ids]
                told["tokens"] += zip(*columns, *sorts, named, strict=True)
            case DecodedText():
                told["decoded"] += portion.text
            case Compared():
                told["same"].append(portion.same)
                told["differences"] += portion.differences
            case End():
                told["end"] = (portion.tokens, portion.normalized, portion.words, portion.decoded)
    told["same"] = {*told["same"]}
    return told


def by_stages(stages: Any, text: str) -> dict[str, Any]:
    """The same by every stage of the whole text."""
    known = stages.stages(text)
    trip = known.round_trips[0]
    before = [stage for stage in known.stages if stage.kind in ("text", "added tokens", "normalizer")][-1]
    words = [(word.text, word.start, word.end, word.id is not None) for word in words_of(known)]
    normalized = "".join(part.text for part in before.parts)
    sorts = ("special", "unknown", "added token")
    return {
        "normalized": normalized,
        "words": words,
        "tokens": [
            (
                *(piece.id, piece.start, piece.end, piece.word, piece.type_id, piece.mask),
                *(piece.origin == sort for sort in sorts),
                (piece.text, piece.spelled),
            )
            for piece in known.pieces
        ],
        "decoded": trip.decoded,
        "same": {trip.same},
        "differences": list(trip.differences),
        "end": (len(known.pieces), len(normalized), len(words), len(trip.decoded)),
    }


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_portions_tell_what_the_stages_do(name: str, limited: bool, tmp_path: Path) -> None:
    """A bare tokenizer.json has no limit: all tokens are told, of a text that is read in parts where it can be."""
    bare = tmp_path / "tokenizer.json"
    shutil.copy(MODELS / name / "tokenizer.json", bare)
    stages = stages_of(open_tokenizer(name if limited else str(bare)).tokenizer)
    for text in TEXTS:
        passage = stages.passage(text)
        assert all_of(iter(passage.next, None)) == by_stages(stages, text), (name, len(text))
        assert passage.done == passage.total


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_texts_that_are_read_together_are_told_as_by_themselves(
    name: str, limited: bool, tmp_path: Path
) -> None:
    bare = tmp_path / "tokenizer.json"
    shutil.copy(MODELS / name / "tokenizer.json", bare)
    stages = stages_of(open_tokenizer(name if limited else str(bare)).tokenizer)
    assert isinstance(stages, RustStages)
    texts = [*(some_text(number % 40, seed=number) for number in range(60)), "", "", " ", some_text(600)]
    entries: list[VocabularyEntry] = []
    for text, told in zip(texts, stages.told(texts), strict=True):
        new = [entry for portion in told if isinstance(portion, Tokens) for entry in portion.entries]
        entries += new
        known = Tokens([], [], [], [], [], [], [], entries=entries)
        assert all_of([known, *told]) == by_stages(stages, text), (name, text)
    assert len({entry.id for entry in entries}) == len(entries), "none is told twice"


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_texts_that_are_read_together_are_told_briefly_as_by_themselves(
    name: str, limited: bool, tmp_path: Path
) -> None:
    bare = tmp_path / "tokenizer.json"
    shutil.copy(MODELS / name / "tokenizer.json", bare)
    stages = stages_of(open_tokenizer(name if limited else str(bare)).tokenizer)
    texts = [*(some_text(number % 40, seed=number) for number in range(40)), "", " ", some_text(600)]
    known = set[int]()
    for text, told in zip(texts, stages.told(texts, brief=True), strict=True):
        alone = list(iter(stages.passage(text, brief=True).next, None))
        for one, by_itself in zip(told, alone, strict=True):
            if isinstance(one, Tokens):
                assert isinstance(by_itself, Tokens)
                assert [*one.words, *one.type_ids, *one.masks] == []
                entries = [entry for entry in by_itself.entries if entry.id not in known]
                assert one == replace(by_itself, entries=entries), (name, text)
                known.update(one.ids)
            elif isinstance(one, End):
                assert one == replace(by_itself, seconds=one.seconds), (name, text)
            else:
                assert one == by_itself, (name, text)


@pytest.mark.parametrize("name", NAMES)
def test_ids_and_offsets_of_a_long_text_are_the_library_s(name: str, tmp_path: Path) -> None:
    bare = tmp_path / "tokenizer.json"
    shutil.copy(MODELS / name / "tokenizer.json", bare)
    backend = Tokenizer.from_file(str(bare))
    backend.no_truncation()
    backend.no_padding()
    text = some_text(30_000, seed=1)
    passage = stages_of(open_tokenizer(str(bare)).tokenizer).passage(text)
    told = [portion for portion in iter(passage.next, None) if isinstance(portion, Tokens)]
    expected = backend.encode(text)
    assert [index for portion in told for index in portion.ids] == expected.ids
    spans = [span for portion in told for span in zip(portion.starts, portion.ends, strict=True)]
    assert spans == expected.offsets
    assert [word for portion in told for word in portion.words] == expected.word_ids


@pytest.mark.parametrize("prefix", [True, False])
@pytest.mark.parametrize("trimmed", [True, False])
def test_offsets_that_a_post_processor_moves(prefix: bool, trimmed: bool, tmp_path: Path) -> None:
    """RoBERTa's takes the space off the beginning of a token, but for one that it believes to be put there."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    text = some_text(5_000, seed=2)
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<s>", "</s>"], show_progress=False)
    backend.train_from_iterator([text], trainer)
    backend.post_processor = processors.RobertaProcessing(
        ("</s>", 1), ("<s>", 0), trim_offsets=trimmed, add_prefix_space=prefix
    )
    file = tmp_path / "tokenizer.json"
    backend.save(str(file))
    passage = stages_of(open_tokenizer(str(file)).tokenizer).passage(text)
    told = [portion for portion in iter(passage.next, None) if isinstance(portion, Tokens)]
    expected = backend.encode(text)
    assert [index for portion in told for index in portion.ids] == expected.ids
    spans = [span for portion in told for span in zip(portion.starts, portion.ends, strict=True)]
    assert spans == expected.offsets


@pytest.mark.parametrize("name", ["nano-sentiment", "nano-generation", "nano-translation"])
def test_a_brief_telling_is_short_and_its_sums_are_those_of_the_whole(name: str, tmp_path: Path) -> None:
    bare = tmp_path / "tokenizer.json"
    shutil.copy(MODELS / name / "tokenizer.json", bare)
    stages = stages_of(open_tokenizer(str(bare)).tokenizer)
    for text in (some_text(30_000, seed=3), "short and Naïve", ""):
        whole, brief = (
            list(iter(stages.passage(text, brief=is_brief).next, None)) for is_brief in (False, True)
        )
        end, short = whole[-1], brief[-1]
        assert isinstance(end, End)
        assert isinstance(short, End)
        assert (short.tokens, short.decoded) == (end.tokens, end.decoded)
        losses = {loss for one in _compared(whole) for each in one.differences for loss in each.losses}
        assert set(short.losses) == losses
        assert {one.same for one in _compared(brief)} == {one.same for one in _compared(whole)}
        assert sum(len(one.ids) for one in brief if isinstance(one, Tokens)) == min(200, end.tokens)
        assert not any(one.differences for one in _compared(brief))


def _compared(portions: Iterable[object]) -> Iterator[Compared]:
    return (portion for portion in portions if isinstance(portion, Compared))


def test_no_portion_is_large() -> None:
    stages = stages_of(open_tokenizer("nano-generation").tokenizer)
    for portion in iter(stages.passage(some_text(40_000, seed=4)).next, None):
        size = max(
            (len(getattr(portion, name)) for name in ("text", "texts", "ids") if hasattr(portion, name)),
            default=0,
        )
        assert size <= 200_000
