import dataclasses
import json
import random
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification

from tests.training.named_documents import stand_in_spacy, write_document_sources
from tui.training import loop
from tui.training.__main__ import main
from tui.training.loop import Plan
from tui.training.ner import card
from tui.training.ner import train as ner
from tui.training.ner.augment import everyday_sentences, pools_of, recased, renamed
from tui.training.ner.gazetteer import Gazetteer
from tui.training.ner.measure import entities_by_checkpoint, score
from tui.training.ner.sentences import LABELS, Entity, Sentence, label_ids, trimmed
from tui.training.ner.train import Recipe, train
from tui.training.sources import NAMES_ARCHIVE, PLACES_WHEEL
from tui.training.texts.names import Names, read_names

TINY = Recipe(
    vocabulary=300,
    embedding_width=40,
    width=64,
    layers=1,
    heads=2,
    inner_width=64,
    positions=64,
    renamings=1,
    everyday=120,
    hidden_words=0.0,
    threads=1,
    plan=Plan(epochs=6, batch_size=16, learning_rate=1e-2, averaging=0.9),
)
NAMES = Names(("Ada", "Ben"), ("Miller", "Will"), ("Oslo", "New York"), ("Peru", "Jordan"))


def silent(line: str) -> None:
    """Say nothing."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sys.modules, "spacy", stand_in_spacy())
    write_document_sources(tmp_path)
    return tmp_path


def test_a_tiny_training_yields_a_standard_folder_that_finds_the_names(data: Path) -> None:
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
    model = AutoModelForTokenClassification.from_pretrained(str(out))
    assert list(model.config.id2label.values()) == list(LABELS)
    assert {tensor.dtype for tensor in load_file(out / "model.safetensors").values()} == {torch.float16}
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    found = entities_by_checkpoint(str(out), [Sentence("", "Ben lost silk in Oslo.", ())])[0]
    assert found == (Entity(0, 3, "PER"), Entity(17, 21, "LOC"))
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: token-classification" in text
    assert str(data) not in text
    assert len(json.loads((out / "examples.json").read_text(encoding="utf-8"))) == 5
    assert not (data / "nano-ner.unfinished").exists()


def test_an_interrupted_training_resumes_to_the_same_weights(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    tiny = dataclasses.replace(TINY, everyday=20, renamings=0, hidden_words=0.1, plan=Plan(1, 64, 1e-2))
    monkeypatch.setattr(ner, "Recipe", lambda: tiny)
    whole, resumed = data / "whole", data / "resumed"
    assert main(["ner", "--data", str(data), "--out", str(whole)]) == 0
    original = ner._loss_with_hidden_words
    steps = 0

    def interrupted(*settings: object) -> object:
        loss_of = original(*settings)  # type: ignore[arg-type]

        def stop_at_the_fourth(model: torch.nn.Module, batch: loop.Batch) -> torch.Tensor:
            nonlocal steps
            steps += 1
            if steps == 4:
                raise KeyboardInterrupt
            loss: torch.Tensor = loss_of(model, batch)
            return loss

        return stop_at_the_fourth

    monkeypatch.setattr(ner, "_loss_with_hidden_words", interrupted)
    assert main(["ner", "--data", str(data), "--out", str(resumed)]) == 130
    assert not resumed.exists()
    # What was marked is kept: spaCy is not asked again.
    monkeypatch.delattr(sys.modules["spacy"], "load")
    assert main(["ner", "--data", str(data), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())


def test_without_spacy_the_training_says_how_to_get_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    assert main(["ner", "--data", str(data), "--out", str(data / "out")]) == 1
    assert "pip install 'logitscope[training]'" in capsys.readouterr().err


def test_each_piece_of_a_name_is_labeled_and_special_tokens_are_not() -> None:
    offsets = [(0, 0), (0, 2), (2, 4), (4, 5), (6, 10), (0, 0)]
    labels = label_ids([Entity(0, 4, "PER"), Entity(6, 10, "LOC")], offsets)
    assert [LABELS[label] if label >= 0 else label for label in labels] == [
        -100, "B-PER", "I-PER", "O", "B-LOC", -100,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the Nile's", "Nile"),
        ("'Hamlet'", "Hamlet"),
        ("The Hague", "Hague"),
        ("the ", None),
        ("U.S.", "U.S."),
    ],
)
def test_articles_and_possessives_are_no_part_of_a_name(text: str, expected: str | None) -> None:
    entity = trimmed(text, 0, len(text), "LOC")
    assert (text[entity.start : entity.end] if entity else None) == expected


def test_renamed_sentences_keep_their_words_and_mark_the_new_names() -> None:
    sentence = Sentence("d", "Mr. Smith left Rome for Carthage.", (
        Entity(4, 9, "PER"), Entity(15, 19, "LOC"), Entity(24, 32, "LOC"),
    ))  # fmt: skip
    pools = pools_of([sentence])
    assert pools == {"PER": ("Smith",), "LOC": ("Rome", "Carthage")}
    changed = 0
    for seed in range(40):
        other = renamed(sentence, pools, NAMES, random.Random(seed))
        parts = [other.text[entity.start : entity.end] for entity in other.entities]
        assert other.text == "Mr. {} left {} for {}.".format(*parts)
        assert [entity.type for entity in other.entities] == ["PER", "LOC", "LOC"]
        changed += other.text != sentence.text
    assert changed > 30


def test_everyday_sentences_mark_their_names_and_are_none_of_the_examples() -> None:
    made = everyday_sentences(200, NAMES, seed=0)
    assert len({sentence.text for sentence in made}) > 150
    assert made == everyday_sentences(200, NAMES, seed=0)
    assert {sentence.text for sentence in made}.isdisjoint(card.EXAMPLE_TEXTS)
    for sentence in made:
        for entity in sentence.entities:
            assert sentence.text[entity.start : entity.end].strip() != ""
        assert list(sentence.entities) == sorted(sentence.entities)
    assert {entity.type for sentence in made for entity in sentence.entities} == {"PER", "ORG", "LOC", "MISC"}


def test_a_letter_that_grows_with_its_case_leaves_the_sentence_as_it_is() -> None:
    sentence = Sentence("d", "İzmir is big", (Entity(0, 5, "LOC"),))
    texts = {recased(sentence, random.Random(seed)).text for seed in range(200)}
    assert texts <= {"İzmir is big", "İZMIR IS BIG"}


def test_the_gazetteer_takes_the_longest_name_and_no_common_word() -> None:
    training = [
        Sentence("d", "Jordan borders Israel and will win.", (Entity(0, 6, "LOC"), Entity(15, 21, "LOC"))),
        Sentence("d", "He will go to the Bank of Oslo.", (Entity(18, 30, "ORG"),)),
        Sentence("d", "Will you come? Will she?", ()),
    ]
    gazetteer = Gazetteer(training, NAMES)

    def found(text: str) -> list[tuple[str, str]]:
        return [(text[entity.start : entity.end], entity.type) for entity in gazetteer.entities(text)]

    assert found("Ada Miller's trip to New York, then Jordan.") == [
        ("Ada Miller", "PER"),
        ("New York", "LOC"),
        ("Jordan", "LOC"),
    ]
    assert found("The Bank of Oslo is in Oslo.") == [("Bank of Oslo", "ORG"), ("Oslo", "LOC")]
    assert found("Will we? oslo") == []


def test_only_the_right_span_with_the_right_type_counts() -> None:
    expected = [(Entity(0, 3, "PER"), Entity(5, 9, "LOC")), (Entity(0, 4, "ORG"),)]
    found = [(Entity(0, 3, "PER"), Entity(5, 8, "LOC")), (Entity(0, 4, "LOC"),)]
    scored = score(found, expected)
    assert (scored.all_types.right, scored.all_types.found, scored.all_types.expected) == (1, 3, 3)
    assert scored.by_type["PER"].f1 == 1.0
    assert scored.by_type["ORG"].f1 == 0.0
    assert scored.interval[0] <= scored.all_types.f1 <= scored.interval[1]


def test_the_names_are_read_by_rank(data: Path) -> None:
    names = read_names(data / NAMES_ARCHIVE.file, data / PLACES_WHEEL.file)
    assert names.first[:4] == ("Ada", "Ben", "Cleo", "Dan")
    assert names.cities[0] == "Paris"
    assert names.countries == ("Mali", "Peru")
    drawn = [names.person(random.Random(seed), words=2) for seed in range(50)]
    assert all(len(name.split()) == 2 for name in drawn)
    assert len(set(drawn)) > 25


def test_the_sentences_checked_by_hand_mark_whole_words() -> None:
    checked = card.read_checked()
    assert len({sentence.text for sentence in checked}) == 100
    for sentence in checked:
        last = 0
        for entity in sentence.entities:
            before, after = sentence.text[: entity.start], sentence.text[entity.end :]
            assert last <= entity.start < entity.end
            assert not before[-1:].isalnum()
            assert not after[:1].isalnum()
            last = entity.end
