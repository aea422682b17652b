import dataclasses
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.training.english import write_english
from tests.training.fill_mask.test_fill_mask import TINY as TINY_ENCODER
from tui.training import loop
from tui.training.__main__ import main
from tui.training.examples import read_examples
from tui.training.fill_mask.train import train as train_encoder
from tui.training.loop import Plan
from tui.training.sources import SourceError
from tui.training.texts.descriptions import Description, Text
from tui.training.texts.wordnet import Synset
from tui.training.zero_shot import train as zero_shot
from tui.training.zero_shot.labels import HELD_OUT_SECTIONS, SECTIONS, is_held_out, topic_labels
from tui.training.zero_shot.measure import (
    CANDIDATES,
    Case,
    balanced,
    first_labels,
    held_out_cases,
    matching_share,
    rank,
)
from tui.training.zero_shot.pairs import (
    CONTRADICTION,
    ENTAILMENT,
    LABELS,
    NEUTRAL,
    TEMPLATES,
    dictionary_pairs,
    section_pairs,
    similarity_pairs,
)
from tui.training.zero_shot.train import Recipe, train

TINY = Recipe(
    judged=60,
    described=60,
    defined=60,
    longest=48,
    threads=1,
    plan=Plan(epochs=4, batch_size=16, learning_rate=3e-3, averaging=0.9),
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = write_english(tmp_path_factory.mktemp("data"))
    short = dataclasses.replace(TINY_ENCODER, positions=96, plan=Plan(1, 16, 1e-2, averaging=0.9))
    train_encoder(data, data / "nano-fill-mask", resume=False, report=lambda _: None, recipe=short)
    return data / "nano-fill-mask"


@pytest.fixture
def _with_encoder(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zero_shot, "ENCODER", encoder)


@pytest.mark.usefixtures("_with_encoder")
def test_a_tiny_training_yields_a_standard_folder_with_a_card(encoder: Path) -> None:
    data, out = encoder.parent, encoder.parent / "out"
    lines: list[str] = []
    train(data, out, resume=False, report=lines.append, recipe=TINY)
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "config.json",
        "examples.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    model = AutoModelForSequenceClassification.from_pretrained(str(out))
    assert model.config.id2label == {0: "contradiction", 1: "neutral", 2: "entailment"}
    assert model.config.label2id["entailment"] == ENTAILMENT
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert (out / "tokenizer.json").read_bytes() == (encoder / "tokenizer.json").read_bytes()
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: zero-shot-classification" in card
    assert str(data) not in card
    example = read_examples(out)[0]
    assert example.inputs["candidate_labels"] == ["education", "politics", "business"]
    assert set(example.answer) == {"sequence", "labels", "scores"}
    assert sum(example.answer["scores"]) == pytest.approx(1, abs=1e-3)
    losses = [float(line.split("loss")[1].split()[0]) for line in lines if "loss" in line]
    assert losses[-1] < 1.05  # below the entropy of three equally likely labels

    cases = [Case("It plays songs and music.", "sound"), Case("It sends letters.", "mail")] * 3
    ranking = rank(out, "some", cases)
    first = first_labels(out, [case.text for case in cases])
    assert ranking.top.right == sum(case.label == label for case, label in zip(cases, first, strict=True))
    assert ranking.most_frequent.share == 0.5


def test_without_the_built_in_encoder_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zero_shot, "ENCODER", tmp_path / "none")
    with pytest.raises(SourceError, match="fill-mask"):
        train(tmp_path, tmp_path / "out", resume=False, report=lambda _: None, recipe=TINY)


@pytest.mark.usefixtures("_with_encoder")
def test_an_interrupted_training_resumes_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_english(tmp_path)
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    short = dataclasses.replace(TINY, plan=Plan(1, 16, 1e-3, averaging=0.9))
    monkeypatch.setattr(zero_shot, "Recipe", lambda: short)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert main(["zero-shot", "--data", str(tmp_path), "--out", str(whole)]) == 0

    loss_of, calls = zero_shot._loss, 0

    def interrupted(model: torch.nn.Module, batch: loop.Batch) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise KeyboardInterrupt
        return loss_of(model, batch)

    monkeypatch.setattr(zero_shot, "_loss", interrupted)
    assert main(["zero-shot", "--data", str(tmp_path), "--out", str(resumed)]) == 130
    assert main(["zero-shot", "--data", str(tmp_path), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())


def description(section: str, number: int, text: str = "It does something.") -> Description:
    return Description(
        f"p{section}{number}", f"s{section}{number}", section, f"{number}", Text(f"{section} tool", (text,))
    )


def test_held_out_sections_never_appear_in_pairs() -> None:
    sections = [*SECTIONS, *HELD_OUT_SECTIONS, "misc"]
    descriptions = [description(section, number) for section in sections for number in range(40)]
    pairs = section_pairs(descriptions, random.Random(0))
    assert {pair.label for pair in pairs} == {ENTAILMENT, CONTRADICTION}
    for pair in pairs:
        # The premise begins with the name of its section; a lone paragraph begins with "It".
        assert not pair.premise.startswith(
            tuple(f"{section} tool" for section in (*HELD_OUT_SECTIONS, "misc"))
        )
        assert not is_held_out(pair.hypothesis)
    assert len([pair for pair in pairs if pair.label == ENTAILMENT]) == 40 * len(SECTIONS)


def test_no_label_of_a_section_in_training_holds_a_held_out_word() -> None:
    assert not any(is_held_out(label) for labels in SECTIONS.values() for label in labels)
    assert all(is_held_out(label) for label in HELD_OUT_SECTIONS.values())
    assert set(SECTIONS).isdisjoint(HELD_OUT_SECTIONS)


def synset(key: str, word: str, *kinds_of: str, topics: tuple[str, ...] = ()) -> Synset:
    return Synset(key, (word,), f"meaning of {word}", (), kinds_of, topics)


SYNSETS = [
    synset("n1", "entity"),
    synset("n2", "animal", "n1"),
    synset("n3", "dog", "n2"),
    synset("n4", "cat", "n2"),
    synset("n5", "plant", "n1"),
    synset("n6", "rose", "n5"),
    synset("n7", "card game", "n1"),
    synset("n8", "whist", "n7"),
    synset("n9", "sonata", "n1", topics=("n10",)),
    synset("n10", "music", "n1"),
    synset("v1", "run", "n2"),
]


def test_a_noun_entails_what_it_is_a_kind_of_and_contradicts_no_ancestor() -> None:
    pairs = [pair for seed in range(60) for pair in dictionary_pairs(SYNSETS, random.Random(seed))]
    of_dog = {
        label: {
            word
            for pair in pairs
            if pair.premise.endswith("meaning of dog") and pair.label == label
            for word in ("entity", "animal", "cat", "plant", "dog", "music")
            if word in pair.hypothesis
        }
        for label in LABELS
    }
    assert of_dog == {ENTAILMENT: {"animal", "entity"}, NEUTRAL: {"cat"}, CONTRADICTION: {"plant", "music"}}
    assert any("sonata" in pair.premise and "music" in pair.hypothesis and pair.label == 2 for pair in pairs)
    assert not any(is_held_out(pair.hypothesis) for pair in pairs)
    assert not any("run" in pair.premise for pair in pairs)


def test_similarities_become_the_three_labels_in_order() -> None:
    labels = [f"label{number:02d}" for number in range(100)]
    similarities = torch.randn(2, 100, generator=torch.Generator().manual_seed(0)) * 0.01
    similarities[0, 7], similarities[0, 8] = 0.9, 0.15
    similarities[1, 17], similarities[1, 18] = 0.9, 0.15
    found = {label: set[str]() for label in LABELS}
    for seed in range(9):
        for pair in similarity_pairs(["one", "two"], labels, similarities, random.Random(seed)):
            name = next(label for label in labels if label in pair.hypothesis)
            found[pair.label].add(f"{pair.premise} {name}")
    assert found[ENTAILMENT] == {"one label07", "two label17"}
    assert found[NEUTRAL] == {"one label08", "two label18"}
    # What is close to the other text, so that a label alone tells nothing.
    assert found[CONTRADICTION] == {"one label17", "two label07"}


def test_a_label_alone_does_not_tell_whether_it_is_right() -> None:
    descriptions = [description("net", number) for number in range(900)]
    descriptions += [description("kernel", number) for number in range(100)]
    pairs = section_pairs(descriptions, random.Random(0))
    shares = {
        label: sum(
            any(word in pair.hypothesis for word in SECTIONS["kernel"])
            for pair in pairs
            if pair.label == label
        )
        for label in (ENTAILMENT, CONTRADICTION)
    }
    assert shares[ENTAILMENT] == 100
    assert 60 < shares[CONTRADICTION] < 130


def test_topics_hold_no_held_out_word_and_no_duplicates() -> None:
    labels = topic_labels(SYNSETS)
    assert {"education", "networking", "music"} <= set(labels)
    assert len(set(labels)) == len(labels)
    assert not any(is_held_out(label) for label in labels)


def test_cases_are_one_of_a_source_and_balance_draws_evenly() -> None:
    same = dataclasses.replace(description("games", 1), source="shared")
    other = dataclasses.replace(description("games", 2), source="shared")
    cases = held_out_cases([same, other, description("mail", 1), description("net", 1)])
    assert [case.label for case in cases] == ["games", "mail"]
    assert cases[0].text == "games tool. It does something."
    many = [Case(f"{label} {number}", label) for label in CANDIDATES for number in range(9)]
    drawn = balanced(many, 4)
    assert [case.label for case in drawn] == [label for label in CANDIDATES for _ in range(4)]
    assert len(set(drawn)) == 40


def test_matching_words_wins_ties_by_lot() -> None:
    assert matching_share(Case("plays a game of games", "games")) == 1
    assert matching_share(Case("plays a game by e-mail", "mail")) == 0.5
    assert matching_share(Case("nothing", "mail")) == pytest.approx(0.1)


def test_the_first_template_is_that_of_the_pipeline() -> None:
    from inspect import signature

    from transformers.pipelines.zero_shot_classification import ZeroShotClassificationArgumentHandler

    assert TEMPLATES[0] == "This example is {}."
    assert "hypothesis_template" in signature(ZeroShotClassificationArgumentHandler.__call__).parameters


def test_pairs_are_read_as_the_pipeline_reads_them(encoder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(encoder))
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    ids = tokenizer("a text", "a label")["input_ids"]
    plain = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("a text", "a label")]
    assert ids == [start, *plain[0], end, end, *plain[1], end]
