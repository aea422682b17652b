"""Question answering equals the pipeline that transformers 4.57 had, written out here once more in torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from tests.asking import Told, ask
from tests.checkpoints import CORPUS, MAX_TOKENS, edit_json, make_checkpoint
from tests.engine.conftest import load_here
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.errors import EngineError
from tui.protocol.answers import Extracted
from tui.protocol.rows import RowAddress

TASK = "question-answering"
LONG = " ".join(CORPUS)
PAIRS = (
    ("Who laughed?", CORPUS[1]),
    ("What?", "dull"),
    ("Who 😀?", "Crème brûlée 東京 😀👩‍👩‍👧 e\u0301 \u202egnihton\u202c مرحبا \x00\x07\x1b[31m tail"),
    ("[CLS] <s> q </s>", "[CLS] <s> twice </s> [SEP] [MASK] <|endoftext|> [UNK] more"),
    ("Where?", "Paris paris PARIS London paris"),
    ("Where is it?", LONG),
)
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"top_k": 3, "max_answer_len": 2},
    {"handle_impossible_answer": True, "top_k": 100},
    {"max_seq_len": 32, "doc_stride": 5, "top_k": 7, "max_answer_len": 50},
)


@dataclass(frozen=True)
class Both:
    """A checkpoint in the engine's hands and in transformers'."""

    folder: Path
    loaded: LoadedCheckpoint
    tokenizer: Any
    model: Any


BothOf: TypeAlias = Callable[..., Both]


def both(folder: Path) -> Both:
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    return Both(folder, load_here(folder, task=TASK), AutoTokenizer.from_pretrained(folder), model)


@pytest.fixture(scope="module")
def both_of(tmp_path_factory: pytest.TempPathFactory) -> BothOf:
    @cache
    def made(model_type: str, side: str = "right") -> Both:
        folder = tmp_path_factory.mktemp(f"qa-{model_type}-")
        make_checkpoint(folder, model_type, head="QuestionAnswering")
        edit_json(folder / "tokenizer_config.json", padding_side=side)
        return both(folder)

    return made


def plainly(both: Both, question: str, context: str, **options: Any) -> tuple[list[dict[str, Any]], float]:
    """The pipeline's answers with a score above 0, before `top_k` cuts them, and its null score."""
    tokenizer, model = both.tokenizer, both.model
    size = min(options.get("max_seq_len", 384), both.loaded.tokenizer.limit or 384)
    stride = options.get("doc_stride", min(size // 2, 128))
    right = tokenizer.padding_side == "right"
    texts = (question, context) if right else (context, question)
    encoded = tokenizer(
        *texts,
        truncation="only_second" if right else "only_first",
        max_length=size,
        stride=stride,
        return_overflowing_tokens=True,
        return_token_type_ids=True,
    )
    typed = "token_type_ids" in tokenizer.model_input_names and "token_type_ids" in both.loaded.accepts
    answers: list[dict[str, Any]] = []
    null = 1e6
    for window, ids in enumerate(encoded["input_ids"]):
        kinds = {"token_type_ids": torch.tensor([encoded["token_type_ids"][window]])}
        with torch.inference_mode():
            output = model(torch.tensor([ids]), **(kinds if typed else {}))
        fields = encoded.sequence_ids(window)
        is_open = [
            not right or field == 1 or token == tokenizer.cls_token_id
            for field, token in zip(fields, ids, strict=True)
        ]
        start, end = (
            logits[0].masked_fill(~torch.tensor(is_open), -10000.0).softmax(-1)
            for logits in (output.start_logits, output.end_logits)
        )
        null = min(null, float(start[0] * end[0]))
        spans = [
            (float(start[first] * end[last]), first, last)
            for first in range(1, len(ids))
            for last in range(first, min(len(ids), first + options.get("max_answer_len", 15)))
        ]
        spans.sort(reverse=True)
        for score, first, last in spans[: 2 * options.get("top_k", 1) + 10]:
            if not (is_open[first] and is_open[last]) or score == 0:
                continue
            encoding = encoded.encodings[window]
            try:
                a = encoding.word_to_chars(encoding.token_to_word(first), 1 if right else 0)[0]
                b = encoding.word_to_chars(encoding.token_to_word(last), 1 if right else 0)[1]
            except TypeError:
                a, b = encoding.offsets[first][0], encoding.offsets[last][1]
            text = context[a:b]
            known = [each for each in answers if each["answer"].lower() == text.lower()]
            if known:
                known[0]["score"] += score
            else:
                answers.append({"score": score, "start": a, "end": b, "answer": text})
    if options.get("handle_impossible_answer"):
        answers.append({"score": null, "start": 0, "end": 0, "answer": ""})
    return sorted(answers, key=lambda each: each["score"], reverse=True), null


def listed(answer: Any) -> list[dict[str, Any]]:
    return [answer] if isinstance(answer, dict) else answer


def view_of(told: Told) -> Extracted:
    assert isinstance(told.view, Extracted)
    return told.view


def inputs_of(question: str, context: str) -> dict[str, str]:
    return {"question": question, "context": context}


def assert_equal(both: Both, question: str, context: str, **options: Any) -> Told:
    told = ask(both.loaded, inputs_of(question, context), **options)
    theirs, null = plainly(both, question, context, **options)
    theirs = [each for each in theirs[: options.get("top_k", 1)] if each["score"] > 0]
    mine = [each for each in listed(told.answer) if each["score"] > 0]
    scores = [each["score"] for each in theirs]  # above 1 where windows agree: they are added
    assert [each["score"] for each in mine] == pytest.approx(scores, rel=1e-6, abs=1e-6)
    assert sorted((each["start"], each["end"], each["answer"]) for each in mine) == sorted(
        (each["start"], each["end"], each["answer"]) for each in theirs
    )
    assert view_of(told).null_score == pytest.approx(null, abs=1e-6)
    for each in mine:
        assert context[each["start"] : each["end"]] == each["answer"]
    return told


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "model_type", ["bert", "distilbert", "roberta", "xlm-roberta", "deberta-v2", "gpt2", "bart", "t5"]
)
def test_every_architecture(both_of: BothOf, model_type: str, options: dict[str, Any]) -> None:
    for question, context in PAIRS:
        told = assert_equal(both_of(model_type), question, context, **options)
    sequences = told.prepared.sequences()
    assert len(sequences) > 1
    assert all(sequence.unread_from == (None, None) for sequence in sequences)
    assert ("no class token" in view_of(told).note) == (model_type in ("gpt2", "llama"))
    assert all(sequence.total == len(sequence.tokens) <= MAX_TOKENS for sequence in sequences)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("model_type", ["bert", "xlm-roberta", "gpt2"])
def test_a_tokenizer_that_pads_on_the_left(both_of: BothOf, model_type: str, options: dict[str, Any]) -> None:
    """The context comes first and nothing is closed: the pipeline's own way with such a tokenizer."""
    for question, context in PAIRS:
        told = assert_equal(both_of(model_type, "left"), question, context, **options)
        tokens = told.prepared.readings[0].tokens
        assert next(token.field for token in tokens if token.field is not None) == 1
        assert all(view_of(told).windows[0].open)
        assert "pads on the left" in view_of(told).note


def test_fields_and_names_of_the_windows(both_of: BothOf) -> None:
    told = ask(both_of("bert").loaded, inputs_of("Who laughed?", LONG))
    count = len(told.prepared.readings)
    assert told.prepared.names == tuple(f"window {number} of {count}" for number in range(1, count + 1))
    for reading in told.prepared.readings:
        for token in reading.tokens:
            assert (token.field is None) == (token.start == token.end)
            text = "" if token.field is None else told.texts[token.field][token.start : token.end]
            if text and text.isascii():
                assert text.lower() == token.text.removeprefix("##") or token.text == "[UNK]"
    assert ask(both_of("bert").loaded, inputs_of("Who?", "dull")).prepared.names == ("",)


def test_every_character_of_the_context_is_in_a_window(both_of: BothOf) -> None:
    for stride in (0, 7):
        told = ask(both_of("roberta").loaded, inputs_of("Who?", LONG), doc_stride=stride)
        read = {
            character
            for reading in told.prepared.readings
            for token in reading.tokens
            if token.field == 1
            for character in range(token.start or 0, token.end or 0)
        }
        assert {place for place, character in enumerate(LONG) if not character.isspace()} <= read


def test_what_the_view_says_of_the_windows(both_of: BothOf) -> None:
    both = both_of("bert")
    question, context = PAIRS[0]
    view = view_of(ask(both.loaded, inputs_of(question, context), top_k=5))
    (window,) = view.windows
    encoded = both.tokenizer(question, context, return_tensors="pt")
    with torch.inference_mode():
        output = both.model(**encoded)
    assert list(window.start_logits) == output.start_logits[0].tolist()
    assert list(window.end_logits) == output.end_logits[0].tolist()
    assert window.open == (True, *(field == 1 for field in encoded.sequence_ids(0)[1:]))
    for probabilities in (window.start_probabilities, window.end_probabilities):
        assert sum(probabilities) == pytest.approx(1, abs=1e-6)
        assert all(
            (probability > 0) == is_open
            for probability, is_open in zip(probabilities, window.open, strict=True)
        )
    for span in view.spans:
        assert span.score == pytest.approx(sum(found.score for found in span.found), abs=1e-12)
        for found in span.found:
            product = window.start_probabilities[found.first] * window.end_probabilities[found.last]
            assert found.score == pytest.approx(product, abs=1e-9)
            assert (found.start_logit, found.end_logit) == (
                window.start_logits[found.first],
                window.end_logits[found.last],
            )


def test_spans_that_read_the_same_add_up(both_of: BothOf) -> None:
    told = ask(both_of("bert").loaded, inputs_of("Where?", "Paris PARIS paris"), max_answer_len=1, top_k=1)
    (span,) = (span for span in view_of(told).spans if span.score > 0)
    assert len(span.found) >= 3
    assert told.answer["score"] == span.score
    texts = {"Paris PARIS paris"[span.start : span.end]}
    assert texts == {told.answer["answer"]}


def test_more_answers_than_there_are_spans(both_of: BothOf) -> None:
    """The pipeline fills up with spans that are none; their score is 0."""
    told = ask(both_of("bert").loaded, inputs_of("Who?", "so bad"), top_k=30)
    answers = listed(told.answer)
    scores = [each["score"] for each in answers]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == 0
    assert view_of(told).weighed == len(view_of(told).spans)


def test_no_answer_wins_only_where_it_may(both_of: BothOf) -> None:
    both = both_of("bert")
    wins = set()
    for question, context in PAIRS:
        for longest in (1, 15):
            options = {"max_answer_len": longest, "top_k": 1}
            may = ask(both.loaded, inputs_of(question, context), handle_impossible_answer=True, **options)
            never = ask(both.loaded, inputs_of(question, context), **options)
            null = view_of(may).null_score
            won = view_of(may).spans[0].no_answer
            assert won == (null > never.answer["score"])
            assert may.answer == (
                {"score": null, "start": 0, "end": 0, "answer": ""} if won else never.answer
            )
            assert not any(span.no_answer for span in view_of(never).spans)
            wins.add(won)
    assert False in wins


def test_a_context_without_tokens(both_of: BothOf) -> None:
    told = ask(both_of("bert").loaded, inputs_of("Who?", " \n "))
    assert all(each["score"] == 0 for each in listed(told.answer))
    assert told.readout().name == "start of the answer"


def test_the_readout_is_one_window(both_of: BothOf) -> None:
    both = both_of("bert")
    told = ask(both.loaded, inputs_of("Who laughed?", LONG))
    view = view_of(told)
    winner = view.spans[0].found[0]
    for part, name in enumerate(("start", "end")):
        readout = told.readout(RowAddress(part=part))
        assert readout.address == RowAddress(winner.sequence, None, part)
        assert readout.parts == ("start", "end")
        assert readout.name == f"{name} of the answer in {told.prepared.names[winner.sequence]}"
    for sequence in range(len(view.windows)):
        tokens, window = told.prepared.readings[sequence].tokens, view.windows[sequence]
        for part in (0, 1):
            logits = (window.start_logits, window.end_logits)[part]
            probabilities = (window.start_probabilities, window.end_probabilities)[part]
            readout = told.readout(RowAddress(sequence, 3, part))
            assert readout.total == len(tokens)
            for row in readout.rows:
                assert row.label == tokens[row.index].text
                assert row.probability == pytest.approx(probabilities[row.index], abs=1e-6)
                assert row.logit == (logits[row.index] if window.open[row.index] else -10_000)
    assert told.readout(RowAddress(99, 3, 7)).address == RowAddress(winner.sequence, None, 0)


@pytest.mark.parametrize(
    ("question", "context", "options", "message"),
    [
        ("", "dull", {}, "The question is empty"),
        ("Who?", "", {}, "The context is empty"),
        ("a b c d e f g h " * 10, "dull " * 50, {}, "The window is too small"),
        ("Who?", "dull " * 50, {"max_seq_len": 20, "doc_stride": 40}, "overlap too much"),
    ],
)
def test_what_can_not_be_asked(
    both_of: BothOf, question: str, context: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        ask(both_of("bert").loaded, inputs_of(question, context), **options)


def test_a_tokenizer_without_offsets(both_of: BothOf, tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    make_checkpoint(tmp_path, "bert", head="QuestionAnswering")
    for file in tmp_path.glob("tokenizer*"):
        file.unlink()
    ByT5Tokenizer(extra_ids=0).save_pretrained(tmp_path)
    with pytest.raises(EngineError, match="no offsets"):
        ask(load_here(tmp_path, task=TASK), inputs_of("Who?", "dull"))


def test_a_forward_can_be_given_up(both_of: BothOf) -> None:
    loaded = both_of("bert").loaded
    told = ask(loaded, inputs_of("Who?", LONG))
    asked = 0

    def give_up() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        told.runner.forward(loaded, told.prepared, give_up)


def test_the_walk_ends_with_both_logits(both_of: BothOf) -> None:
    steps = ask(both_of("bert").loaded, inputs_of("Who?", "dull")).outcome.steps
    assert [step.name for step in steps][-3:] == ["qa_outputs", "start logits", "end logits"]
    assert steps[-1].shape == steps[-2].shape == (1, steps[0].shape[1])
