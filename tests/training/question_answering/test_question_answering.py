import dataclasses
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForQuestionAnswering, DistilBertConfig, DistilBertForQuestionAnswering

from tests.training.named_documents import (
    PEOPLE,
    PLACES,
    StandInDocument,
    sentence,
    stand_in_spacy,
    write_document_sources,
)
from tui.training import loop
from tui.training.__main__ import main
from tui.training.loop import Plan
from tui.training.question_answering import card
from tui.training.question_answering import train as question_answering
from tui.training.question_answering.examples import (
    MOST_WORDS,
    Example,
    cloze_examples,
    everyday_examples,
    joined,
)
from tui.training.question_answering.learner import encoded_examples, loss_of, start_matching
from tui.training.question_answering.measure import score, token_f1
from tui.training.question_answering.questions import questions_of
from tui.training.question_answering.reader import Reader, best_span
from tui.training.question_answering.rules import Rules
from tui.training.question_answering.train import Recipe, train
from tui.training.texts.annotation import Paragraph, Span, Word
from tui.training.texts.names import Names
from tui.training.vocabulary.wordpiece import train_wordpiece

TINY = Recipe(
    vocabulary=300,
    width=96,
    layers=3,
    heads=4,
    inner_width=64,
    positions=128,
    variants=1,
    everyday=40,
    longest=96,
    threads=1,
    plan=Plan(epochs=1, batch_size=32, learning_rate=5e-3, averaging=0.9),
)
NAMES = Names(("Ada", "Ben", "Cleo"), ("Miller", "Stone"), ("Oslo", "Lima"), ("Peru", "Mali"))


def silent(line: str) -> None:
    """Say nothing."""


def parsed(text: str, kind: str = "news", document: str = "d") -> Paragraph:
    marked = StandInDocument(text)
    return Paragraph(
        kind,
        document,
        text,
        tuple(Span(span.start_char, span.end_char) for span in marked.sents),
        tuple(
            Word(token.idx, token.idx + len(token.text), token.tag_, token.dep_, token.head.i, token.lemma_)
            for token in marked
        ),
        tuple(Span(span.start_char, span.end_char, span.label_) for span in marked.ents),
        tuple(Span(span.start_char, span.end_char) for span in marked.noun_chunks),
    )


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sys.modules, "spacy", stand_in_spacy())
    monkeypatch.setattr(card, "read_written", lambda held_out: cloze_examples(held_out, seed=5)[:4])
    write_document_sources(tmp_path)
    return tmp_path


def test_a_tiny_training_yields_a_standard_folder_with_a_card(data: Path) -> None:
    lines: list[str] = []
    out = data / "out"
    train(data, out, resume=False, report=lines.append, recipe=TINY)
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "config.json",
        "examples.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    model = AutoModelForQuestionAnswering.from_pretrained(str(out))
    assert type(model).__name__ == "DistilBertForQuestionAnswering"
    saved = load_file(out / "model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.float16}
    assert not [name for name in saved if not name.startswith(("distilbert.", "qa_outputs."))]
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: question-answering" in text
    assert str(data) not in text
    answers = json.loads((out / "examples.json").read_text(encoding="utf-8"))
    assert [set(entry["answer"]) for entry in answers] == [{"score", "start", "end", "answer"}] * 5
    assert not (data / "nano-question-answering.unfinished").exists()


def test_an_interrupted_training_resumes_to_the_same_weights(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    tiny = dataclasses.replace(TINY, plan=Plan(1, 128, 1e-2))
    monkeypatch.setattr(question_answering, "Recipe", lambda: tiny)
    whole, resumed = data / "whole", data / "resumed"
    assert main(["question-answering", "--data", str(data), "--out", str(whole)]) == 0
    original = loss_of
    steps = 0

    def stop_at_the_third(model: torch.nn.Module, batch: loop.Batch) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise KeyboardInterrupt
        return original(model, batch)

    monkeypatch.setattr(question_answering, "loss_of", stop_at_the_third)
    assert main(["question-answering", "--data", str(data), "--out", str(resumed)]) == 130
    assert not resumed.exists()
    assert main(["question-answering", "--data", str(data), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())


def test_questions_ask_for_subject_place_and_object() -> None:
    paragraph = parsed("Ada found gold in Paris.")
    found: dict[str, str] = {}
    for seed in range(30):
        for question in questions_of(paragraph, random.Random(seed)):
            found[question.text] = paragraph.text[question.answer.start : question.answer.end]
    assert found["Who found gold in Paris?"] == "Ada"
    assert found["Where did Ada find gold?"] == "Paris"
    assert found["What did Ada find in Paris?"] == "gold"
    for text, answer in found.items():
        assert answer.lower() not in text.lower().replace("?", "").split()


def test_an_answer_lies_in_its_context_and_the_context_is_whole_sentences() -> None:
    paragraph = parsed(" ".join(sentence(7 * number) for number in range(12)))
    examples = cloze_examples([paragraph], seed=3)
    assert len(examples) > 20
    assert len({len(example.sentences) for example in examples}) > 2
    for example in examples:
        assert example.answer in PEOPLE + PLACES or not example.label
        assert len(example.context.split()) <= MOST_WORDS
        assert example.context.endswith(".")
        for span in (*example.sentences, *example.entities, *example.phrases):
            assert 0 <= span.start < span.end <= len(example.context)
        home = [span for span in example.sentences if span.start <= example.start and example.end <= span.end]
        assert len(home) == 1


def test_the_sentences_of_an_editorial_become_one_text() -> None:
    first, second = parsed(sentence(1), "editorials", "e"), parsed(sentence(2), "editorials", "e")
    other, news = parsed(sentence(3), "editorials", "f"), parsed(sentence(4))
    whole = joined([first, second, other, news])
    assert [paragraph.text for paragraph in whole] == [
        f"{sentence(1)} {sentence(2)}",
        sentence(3),
        sentence(4),
    ]
    chain = whole[0]
    assert [chain.text[span.start : span.end] for span in chain.sentences] == [sentence(1), sentence(2)]
    words = [chain.text[word.start : word.end] for word in chain.words]
    assert words == [*sentence(1)[:-1].split(), ".", *sentence(2)[:-1].split(), "."]
    verbs = [number for number, word in enumerate(chain.words) if word.relation == "ROOT"]
    assert [chain.words[number].head for number in verbs] == verbs


def test_everyday_questions_are_answered_by_their_context() -> None:
    examples = everyday_examples(300, NAMES, seed=0)
    assert examples == everyday_examples(300, NAMES, seed=0)
    assert {len(example.sentences) for example in examples} >= {1, 2, 3, 4}
    for example in examples:
        assert example.answer.strip() == example.answer != ""
        assert "{" not in example.question + example.context
        assert any(span.start <= example.start and example.end <= span.end for span in example.sentences)
    tried = {question for question, _ in card.EXAMPLE_QUESTIONS[1:]}
    assert tried.isdisjoint(example.question for example in examples)


def test_positions_point_at_the_answer_and_cut_off_answers_are_left_out() -> None:
    example = Example("Who found gold?", "Eve slept. Ada found gold.", 11, 14, (Span(0, 10), Span(11, 26)))
    tokenizer = train_wordpiece([example.context, example.question], 120, 64)
    row = encoded_examples(tokenizer, [example], 64)[0]
    ids = row["input_ids"]
    assert tokenizer.decode(ids[row["start_positions"] : row["end_positions"] + 1]) == "ada"
    assert str(tokenizer.decode(ids[row["near_start"] : row["near_end"] + 1])) == "ada found gold."
    assert set(row["labels"]) == {-100}
    length = row["start_positions"]
    assert len(encoded_examples(tokenizer, [example], length)) == 0


def test_the_sorts_of_names_are_known_where_the_names_are() -> None:
    paragraph = parsed("Ada found gold in Paris.")
    example = Example("Who?", paragraph.text, 0, 3, paragraph.sentences, paragraph.entities)
    tokenizer = train_wordpiece([paragraph.text, "who?"] * 9, 120, 64)
    row = encoded_examples(tokenizer, [example], 64)[0]
    tokens = tokenizer.convert_ids_to_tokens(row["input_ids"])
    assert [(token, sort) for token, sort in zip(tokens, row["labels"], strict=True) if sort > 0] == [
        ("ada", 1),
        ("paris", 2),
    ]
    assert [sort for token, sort in zip(tokens, row["labels"], strict=True) if token in ("who", "[SEP]")] == [
        -100
    ] * 3


def test_the_first_layer_finds_the_words_of_the_question_before_any_training() -> None:
    question = "who found the gold that was hidden in a deep cave?"
    context = "long ago two men dug there for many days and then one of them found it under some stones"
    tokenizer = train_wordpiece([question, context] * 9, 400, 128)
    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=96, hidden_dim=96, n_layers=1, n_heads=2, initializer_range=0.05,
        attention_dropout=0.0, dropout=0.0, pad_token_id=0,
    )  # fmt: skip
    model = DistilBertForQuestionAnswering(config)
    model.distilbert.embeddings.position_embeddings.weight.data.mul_(0.2)
    start_matching(model, 96)
    model.set_attn_implementation("eager")
    encoded = tokenizer(question, context, return_tensors="pt")
    attention = model.distilbert(**encoded, output_attentions=True).attentions[0][0, 0]
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist())
    asked, told = (index for index, token in enumerate(tokens) if token == "found")
    assert int(attention[told].argmax()) == asked


def test_the_best_span_is_in_the_context_forward_and_short() -> None:
    allowed = np.array([False, False, False, *[True] * 40, False])
    start, end = np.zeros(44, "f"), np.zeros(44, "f")
    start[[1, 30]], end[[2, 5]] = 9.0, 8.0
    start[6], end[25] = 5.0, 7.0
    first, last, probability = best_span(start, end, allowed)
    assert allowed[first]
    assert allowed[last]
    assert 0 <= last - first < 15
    assert 0 < probability < 1


def test_cls_takes_its_share_of_the_probability_but_is_no_answer() -> None:
    allowed = np.array([False, False, True, True])
    logits = np.array([3.0, 50.0, 1.0, 0.0], "f")
    first, last, probability = best_span(logits, logits, allowed)
    assert (first, last) == (2, 2)
    share = np.exp(1.0) / (np.exp(3.0) + np.exp(1.0) + np.exp(0.0))
    assert probability == pytest.approx(share**2, rel=1e-6)


def test_the_rules_pick_the_matching_sentence_and_the_name_that_fits() -> None:
    text = "Ada found gold in Paris. Ben lost silk in Oslo. Cleo saw milk in Lima."
    paragraph = parsed(text)
    example = Example(
        "Who lost silk?", text, 25, 28, paragraph.sentences, paragraph.entities, paragraph.phrases
    )
    rules = Rules([sentence(number) for number in range(50)])
    sentence_found = rules.best_sentence(example)
    assert text[sentence_found.start : sentence_found.end] == "Ben lost silk in Oslo."
    assert rules.fitting_name(example) == "Ben"
    assert rules.last_phrase(example) == "Oslo"
    assert rules.fitting_name(dataclasses.replace(example, question="Where did Ben lose silk?")) == "Oslo"


@pytest.mark.parametrize(
    ("answer", "expected", "f1"),
    [("the Paris", "Paris.", 1.0), ("in Paris", "Paris", 2 / 3), ("Rome", "Paris", 0.0), ("the", "", 1.0)],
)
def test_answers_count_by_their_words(answer: str, expected: str, f1: float) -> None:
    assert token_f1(answer, expected) == pytest.approx(f1)


def test_scores_have_means_and_an_interval_around_them() -> None:
    scored = score(["Paris", "in Rome", "Oslo"], ["paris", "Rome", "Lima"])
    assert scored.exact == pytest.approx(1 / 3)
    assert scored.f1 == pytest.approx((1 + 2 / 3) / 3)
    assert scored.interval[0] <= scored.f1 <= scored.interval[1]


def test_answers_of_a_batch_are_those_of_each_alone(data: Path) -> None:
    out = data / "out"
    train(data, out, resume=False, report=silent, recipe=dataclasses.replace(TINY, everyday=10))
    reader = Reader(out)
    pairs = [("Who found gold?", "Ada found gold."), ("Where?", " ".join(sentence(n) for n in range(9)))]
    together = reader.answers(pairs)
    for pair, answer in zip(pairs, together, strict=True):
        (alone,) = reader.answers([pair])
        assert (alone.start, alone.end, alone.answer) == (answer.start, answer.end, answer.answer)
        assert alone.score == pytest.approx(answer.score, rel=1e-3)
        assert pair[1][answer.start : answer.end] == answer.answer
