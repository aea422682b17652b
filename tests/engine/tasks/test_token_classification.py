"""Token classification equals `pipeline("token-classification")` under every strategy, with and without windows."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from tests.asking import Told, ask
from tests.checkpoints import CORPUS, MAX_TOKENS, edit_json
from tests.engine.conftest import load_here
from tests.ner_checkpoints import LABELS, make_ner_checkpoint
from tui.engine.answers import entities
from tui.engine.answers.entities import STRATEGIES
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.errors import EngineError
from tui.protocol.answers import Tagged
from tui.protocol.rows import RowAddress

TASK = "ner"
TEXTS = (
    "Nobody in Paris laughed; the acting was worse, and He said 1,234.",
    "dull",
    " \t\n ",
    "Crème brûlée 東京 😀👩‍👩‍👧 e\u0301 \u202egnihton\u202c مرحبا \x00\x07\x1b[31m",
    "[CLS] <s> twice </s> [SEP] [MASK] <|endoftext|> [UNK]",
    "  spaces   between    words ",
)
LONG = " ".join(CORPUS)


@dataclass(frozen=True)
class Both:
    """A checkpoint in the engine's hands and in the pipeline's."""

    folder: Path
    loaded: LoadedCheckpoint
    run: Any


def both(folder: Path) -> Both:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()
    run = pipeline("token-classification", model=model, tokenizer=tokenizer)
    return Both(folder, load_here(folder, task=TASK), run)


BothOf: TypeAlias = Callable[[str], Both]


@pytest.fixture(scope="module")
def both_of(tmp_path_factory: pytest.TempPathFactory) -> BothOf:
    @cache
    def made(model_type: str) -> Both:
        return both(make_ner_checkpoint(tmp_path_factory.mktemp(f"ner-{model_type}-"), model_type))

    return made


def piped(run: Any, text: str, **options: Any) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # “using fallback heuristic”
        found: list[dict[str, Any]] = run(text, **options)
    return found


def view_of(told: Told) -> Tagged:
    assert isinstance(told.view, Tagged)
    return told.view


def assert_close(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """Equal but for rounding: the pipeline pads the last window."""
    scores = [each["score"] for each in mine]
    assert scores == pytest.approx([each["score"] for each in theirs], abs=1e-6)
    assert [each | {"score": 0} for each in mine] == [each | {"score": 0} for each in theirs]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta", "xlm-roberta", "deberta-v2", "gpt2"])
def test_every_strategy(both_of: BothOf, model_type: str, strategy: str) -> None:
    loaded, run = both_of(model_type).loaded, both_of(model_type).run
    for text in (*TEXTS, LONG):
        told = ask(loaded, text, aggregation_strategy=strategy)
        assert told.answer == piped(run, text, aggregation_strategy=strategy), text
    assert view_of(told).chosen == strategy
    (sequence,) = told.prepared.sequences()
    assert len(sequence.tokens) == MAX_TOKENS < sequence.total
    assert sequence.unread_from[0] is not None


@pytest.mark.parametrize("model_type", ["bert", "roberta"])
def test_the_view_has_all_strategies(both_of: BothOf, model_type: str) -> None:
    loaded, run = both_of(model_type).loaded, both_of(model_type).run
    text = TEXTS[0]
    view = view_of(ask(loaded, text))
    tokens = loaded.tokenizer.read(text).tokens
    assert [strategy.name for strategy in view.strategies] == list(STRATEGIES)
    for strategy in view.strategies:
        assert not strategy.why_not
        theirs = piped(run, text, aggregation_strategy=strategy.name)
        for mine, entity in zip(strategy.entities, theirs, strict=True):
            assert mine.label == entity.get("entity", entity.get("entity_group"))
            assert (mine.score, mine.word) == (entity["score"], entity["word"])
            assert (mine.start, mine.end) == (entity["start"], entity["end"])
            assert tokens[mine.first].start == mine.start
            assert tokens[mine.last].end == mine.end


@pytest.mark.parametrize("strategy", STRATEGIES[1:])
@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta"])
@pytest.mark.parametrize("stride", [0, 7, 30])
def test_windows(both_of: BothOf, model_type: str, strategy: str, stride: int) -> None:
    loaded, run = both_of(model_type).loaded, both_of(model_type).run
    for text in (LONG, TEXTS[0]):
        told = ask(loaded, text, aggregation_strategy=strategy, stride=stride)
        assert_close(told.answer, piped(run, text, aggregation_strategy=strategy, stride=stride))
        sequences = told.prepared.sequences()
        assert all(sequence.unread_from == (None,) for sequence in sequences)
        view = view_of(told)
        assert len(view.probabilities) == len(sequences)
        for entity in told.outcome.entities:  # type: ignore[attr-defined]
            assert sequences[entity.sequence].tokens[entity.first].start == entity.start
    count = len(ask(loaded, LONG, stride=stride).prepared.names)
    assert count > 2
    assert ask(loaded, LONG, stride=stride).prepared.names[1] == f"window 2 of {count}"
    assert ask(loaded, "dull", stride=stride).prepared.names == ("",)


def test_windows_that_overlap_keep_the_longest_then_the_surest(both_of: BothOf) -> None:
    """Scores made by hand, so that there are ties, and entities without characters."""
    run = both_of("bert").run
    chance = random.Random(3)
    for _ in range(500):
        spans = [(chance.randrange(12), chance.randrange(4)) for _ in range(chance.randrange(7))]
        found = [
            entities.Marked(
                "PER", chance.choice([0.25, 0.5]), f"{number}", start, start + length, number, number
            )
            for number, (start, length) in enumerate(spans)
        ]
        theirs = run.aggregate_overlapping_entities(
            [{"score": each.score, "word": each.word, "start": each.start, "end": each.end} for each in found]
        )
        mine = [marked.word for _, marked in entities.without_overlaps([(0, each) for each in found])]
        assert mine == [each["word"] for each in theirs]


@pytest.mark.parametrize("model_type", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("kind", ["random", "ties", "nan"])
def test_strategies_on_random_logits(both_of: BothOf, model_type: str, kind: str) -> None:
    """The rules by themselves, on numbers a trained or a broken head could give."""
    loaded, run = both_of(model_type).loaded, both_of(model_type).run
    chance = np.random.default_rng(5)
    text = "Battery died after two days. Returned it – 東京"
    reading = loaded.tokenizer.read(text)
    encoded = run.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    assert [flag == 1 for flag in encoded["special_tokens_mask"]] == list(reading.added)
    for _ in range(40):
        logits = chance.normal(0, 3, (len(reading.tokens), len(LABELS))).astype(np.float32)
        if kind == "ties":
            logits = np.round(logits / 3).astype(np.float32)
        if kind == "nan":
            logits[chance.integers(0, len(logits), 4)] = np.nan
        outputs = {
            "logits": torch.tensor(logits)[None],
            "special_tokens_mask": torch.tensor([encoded["special_tokens_mask"]]),
            "offset_mapping": torch.tensor([encoded["offset_mapping"]]),
            "sentence": text,
            "input_ids": torch.tensor([encoded["input_ids"]]),
        }
        scores = np.exp(logits - logits.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        pieces = entities.pieces(reading, scores, text, loaded.tokenizer)
        for strategy in STRATEGIES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = run.postprocess(
                    [dict(outputs)],
                    aggregation_strategy=run._sanitize_parameters(aggregation_strategy=strategy)[2][
                        "aggregation_strategy"
                    ],
                )
            mine = entities.entities(strategy, pieces, LABELS, loaded.tokenizer.join)
            assert [(each.word, each.start, each.end) for each in mine] == [
                (each["word"], each["start"], each["end"]) for each in theirs
            ]
            assert np.array_equal(
                [each.score for each in mine], [each["score"] for each in theirs], equal_nan=True
            )


def test_the_readout_is_the_distribution_of_the_selected_token(both_of: BothOf) -> None:
    folder, loaded = both_of("bert").folder, both_of("bert").loaded
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    encoded = AutoTokenizer.from_pretrained(folder)(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        logits = model(**encoded).logits[0]
    told = ask(loaded, TEXTS[0], aggregation_strategy="none")
    for position in (0, 3, len(logits) - 1):
        readout = told.readout(RowAddress(0, position))
        rows = sorted(readout.rows, key=lambda row: row.index)
        assert [row.logit for row in rows] == logits[position].tolist()
        assert [row.label for row in rows] == list(LABELS)
        expected = torch.softmax(logits[position].double(), -1).tolist()
        assert [row.probability for row in rows] == pytest.approx(expected, abs=1e-12)
        assert readout.address == RowAddress(0, position)
        assert f"position {position}" in readout.name
    unaddressed = told.readout()
    assert unaddressed.address == RowAddress(0, told.answer[0]["index"])
    assert unaddressed.rows[0].label == told.answer[0]["entity"]
    assert told.readout(RowAddress(0, 4000)).address == unaddressed.address
    assert told.readout(RowAddress(9, None)).address == unaddressed.address


def test_with_windows_the_readout_follows_them(both_of: BothOf) -> None:
    loaded = both_of("roberta").loaded
    told = ask(loaded, LONG, stride=10)
    readout = told.readout(RowAddress(2, None))
    assert readout.address.sequence == 2
    assert "window 3 of" in readout.name
    assert told.readout().address.sequence == told.outcome.entities[0].sequence  # type: ignore[attr-defined]


def test_nothing_found_reads_the_first_token_of_the_text(both_of: BothOf) -> None:
    told = ask(both_of("bert").loaded, "")
    assert told.answer == []
    assert told.readout().address == RowAddress(0, 0)


def test_a_text_without_tokens(both_of: BothOf) -> None:
    loaded = both_of("gpt2").loaded
    with pytest.raises(EngineError, match="Nothing to read"):
        ask(loaded, "")


def test_what_the_pipeline_refuses(both_of: BothOf) -> None:
    loaded, run = both_of("bert").loaded, both_of("bert").run
    with pytest.raises(ValueError, match="stride"):
        run("dull", aggregation_strategy="none", stride=3)
    with pytest.raises(EngineError, match="“none” can't be had"):
        ask(loaded, "dull", aggregation_strategy="none", stride=3)
    none = view_of(ask(loaded, "dull", stride=3)).strategies[0]
    assert (none.name, none.entities) == ("none", ())
    assert "only tokens" in none.why_not
    with pytest.raises(EngineError, match="overlap too much"):
        ask(loaded, LONG, stride=MAX_TOKENS)


def test_a_forward_over_windows_can_be_given_up(both_of: BothOf) -> None:
    loaded = both_of("bert").loaded
    told = ask(loaded, LONG, stride=0)
    asked = 0

    def give_up() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        told.runner.forward(loaded, told.prepared, give_up)


class TestATokenizerWrittenInPython:
    """It knows no offsets: the strategies by words, and windows, are not for it."""

    @pytest.fixture(scope="class")
    def python(self, tmp_path_factory: pytest.TempPathFactory) -> Both:
        from transformers import ByT5Tokenizer

        place = make_ner_checkpoint(tmp_path_factory.mktemp("python"), "bert", max_position_embeddings=64)
        for file in place.glob("tokenizer*"):
            file.unlink()
        tokenizer = ByT5Tokenizer(model_max_length=64, extra_ids=0)
        tokenizer.save_pretrained(place)
        return both(place)

    @pytest.mark.parametrize("strategy", ["none", "simple"])
    def test_what_it_can(self, python: Both, strategy: str) -> None:
        loaded, run = python.loaded, python.run
        for text in ("Nobody in Paris.", "é 😀 </s> x", "ab" * 100):
            told = ask(loaded, text, aggregation_strategy=strategy)
            theirs = piped(run, text, aggregation_strategy=strategy)
            assert told.answer == theirs
        assert theirs[0]["start"] is None
        assert [bool(each.why_not) for each in view_of(told).strategies] == [False, False, True, True, True]

    def test_what_it_can_not(self, python: Both) -> None:
        loaded = python.loaded
        with pytest.raises(EngineError, match="no offsets"):
            ask(loaded, "dull", aggregation_strategy="first")
        with pytest.raises(EngineError, match="no offsets"):
            ask(loaded, "dull", stride=3)


def test_labels_are_of_the_type_that_the_config_gives_them(tmp_path: Path) -> None:
    """Only where they are not put together: the pipeline takes no other labels than text apart."""
    folder = make_ner_checkpoint(tmp_path, "bert")
    edit_json(folder / "config.json", id2label={str(index): index for index in range(len(LABELS))})
    model = both(folder)
    told = ask(model.loaded, TEXTS[0], aggregation_strategy="none")
    expected = model.run(TEXTS[0])
    assert [each["entity"] for each in told.answer] == [each["entity"] for each in expected]
    assert all(type(each["entity"]) is int for each in told.answer)
    with pytest.raises(AttributeError):
        model.run(TEXTS[0], aggregation_strategy="simple")
    told = ask(model.loaded, TEXTS[0], aggregation_strategy="simple")
    assert {each["entity_group"] for each in told.answer} <= set(map(str, range(len(LABELS))))
