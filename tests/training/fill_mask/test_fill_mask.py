import dataclasses
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerFast

from tests.training.english import write_english
from tui.training import loop
from tui.training.__main__ import main
from tui.training.examples import read_examples
from tui.training.fill_mask import train as fill_mask
from tui.training.fill_mask.hiding import NO_WORD, collate, hide, loss_of_hidden_words, packed_rows
from tui.training.fill_mask.measure import Slot, Unigrams, compare, count_words, draw_slots, guessed
from tui.training.fill_mask.train import Recipe, train
from tui.training.loop import Plan
from tui.training.texts.english import Document
from tui.training.vocabulary.byte_level_bpe import train_roberta_vocabulary

TINY = Recipe(
    vocabulary=500,
    width=64,
    layers=1,
    heads=2,
    inner_width=64,
    positions=64,
    row_length=48,
    hidden_words=0.25,
    slots_of_each_kind=20,
    threads=1,
    plan=Plan(epochs=15, batch_size=4, learning_rate=1e-2, averaging=0.9),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = write_english(tmp_path_factory.mktemp("data"))
    train(data, data / "out", resume=False, report=lambda _: None, recipe=TINY)
    return data


def test_a_tiny_training_yields_a_standard_folder_with_a_card(trained: Path) -> None:
    out = trained / "out"
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "config.json",
        "examples.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: fill-mask" in card
    assert str(trained) not in card
    assert not (trained / "nano-fill-mask.unfinished").exists()
    examples = read_examples(out)
    assert len(examples) == 5
    assert set(examples[0].answer[0]) == {"score", "token", "token_str", "sequence"}


def test_it_learned_which_word_stands_where(trained: Path) -> None:
    slots = [
        Slot("descriptions", "This program shows the game to ", "every", " player and keeps the score."),
        Slot("descriptions", "This ", "program", " shows the song to every music and keeps the audio."),
    ]
    first, second = guessed(trained / "out", slots)
    assert "every" in first
    assert "program" in second


def test_half_precision_on_disk_is_float32_when_loaded(trained: Path) -> None:
    out = trained / "out"
    with safe_open(out / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    model = AutoModelForMaskedLM.from_pretrained(str(out))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_an_interrupted_training_resumes_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_english(tmp_path)
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    short = dataclasses.replace(TINY, plan=Plan(2, 8, 1e-2, averaging=0.9))
    monkeypatch.setattr(fill_mask, "Recipe", lambda: short)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert main(["fill-mask", "--data", str(tmp_path), "--out", str(whole)]) == 0

    calls = 0

    def interrupted(rows: list[dict[str, list[int]]]) -> loop.Batch:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise KeyboardInterrupt
        return collate(rows)

    monkeypatch.setattr("tui.training.fill_mask.train.collate", interrupted)
    assert main(["fill-mask", "--data", str(tmp_path), "--out", str(resumed)]) == 130
    assert main(["fill-mask", "--data", str(tmp_path), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())
    assert (whole / "tokenizer.json").read_bytes() == (resumed / "tokenizer.json").read_bytes()


def test_rows_hold_every_token_in_order_and_number_whole_words() -> None:
    texts = ["uncommon words, split: uncommon!", "another one 42 % of it"] * 20
    tokenizer = train_roberta_vocabulary(texts, 275, 64)
    rows = packed_rows(tokenizer, texts, 16)
    flat = [index for row in rows["input_ids"] for index in row]
    expected = [index for text in texts for index in tokenizer(text)["input_ids"]]
    assert flat == expected[: len(flat)]
    assert len(expected) - len(flat) < 16
    for ids, words in zip(rows["input_ids"], rows["words"], strict=True):
        assert len(ids) == len(words) == 16
        assert min((word for word in words if word != NO_WORD), default=0) == 0
        of_word: dict[int, list[int]] = {}
        for index, word in zip(ids, words, strict=True):
            of_word.setdefault(word, []).append(index)
        signs = of_word.pop(NO_WORD)
        assert not any(map(str.isalnum, str(tokenizer.decode(signs, skip_special_tokens=True))))
        # The first and the last word of a row may be cut by its ends.
        found = [str(tokenizer.decode(pieces)).strip() for pieces in of_word.values()][1:-1]
        assert set(found) <= {"uncommon", "words", "split", "another", "one", "42", "of", "it"}


def test_words_are_hidden_whole_and_others_stay() -> None:
    torch.manual_seed(0)
    words = torch.arange(64).repeat_interleave(2).repeat(200, 1)
    words[:, :4] = NO_WORD
    ids = torch.randint(5, 100, words.shape)
    shown, hidden = hide(ids, words, 0.25, mask_id=4, vocabulary=100)
    assert not hidden[:, :4].any()
    assert torch.equal(hidden[:, 0::2], hidden[:, 1::2])
    assert torch.equal(shown[~hidden], ids[~hidden])
    assert hidden[:, 4:].float().mean().item() == pytest.approx(0.25, abs=0.02)
    masked = (shown[hidden] == 4).float().mean().item()
    kept = (shown[hidden] == ids[hidden]).float().mean().item()
    assert masked == pytest.approx(0.8, abs=0.02)
    assert kept == pytest.approx(0.1, abs=0.02)


def test_slots_are_whole_words_behind_a_space_one_of_a_document() -> None:
    text = "Short line\nthe well-known utf8 file's reader-like x11 http://a/b example.org ends"
    documents = [Document("descriptions", text), Document("reviews", "too short"), Document("dictionary", "")]
    slots = draw_slots(documents * 30, 25)
    assert len(slots) == 25
    assert {slot.word for slot in slots} == {"ends"}
    slot = slots[0]
    assert f"{slot.before}{slot.word}{slot.behind}" == text.split("\n")[1]
    assert draw_slots(documents * 30, 25) == slots


def test_long_passages_are_cut_to_fifty_words_on_either_side() -> None:
    line = " ".join(f"w{'x' * (number % 5)}q" for number in range(300))
    for slot in draw_slots([Document("reviews", line)] * 40, 40):
        assert len(slot.before.split()) <= 50
        assert len(slot.behind.split()) <= 50
        assert f"{slot.before}{slot.word}{slot.behind}" in line
        assert slot.before.endswith(" ")


def test_the_unigram_model_says_the_most_frequent_words_of_the_same_kind_of_slot() -> None:
    counts = count_words([Document("reviews", "x the the the of of and a-b c3 end. The, the")])
    assert counts.words == ("the", "of", "The", "and", "end")
    many = Unigrams(tuple(f"w{number}" for number in range(200)))
    assert many.guesses(of_content=False) == {"w0", "w1", "w2", "w3", "w4"}
    assert many.guesses(of_content=True) == {"w100", "w101", "w102", "w103", "w104"}


def test_a_word_of_several_pieces_counts_as_wrong_and_as_not_possible(trained: Path) -> None:
    slots = [Slot("reviews", "This program shows the ", "zyzzyva", " to every player.")]
    everything = compare(trained / "out", slots, Unigrams(("the",)))[0]
    assert (everything.ours.right, everything.possible.right, everything.ours.examples) == (0, 0, 1)


def test_all_positions_are_learned_from_short_rows(trained: Path) -> None:
    model = AutoModelForMaskedLM.from_pretrained(str(trained / "out"))
    tokenizer = cast("PreTrainedTokenizerFast", AutoTokenizer.from_pretrained(str(trained / "out")))
    loss_of = loss_of_hidden_words(tokenizer, 0.3)
    words = torch.arange(TINY.row_length).repeat(2, 1)
    batch = {"input_ids": torch.randint(5, 400, words.shape), "words": words}
    torch.manual_seed(0)
    for _ in range(60):
        loss_of(model, batch).backward()  # type: ignore[no-untyped-call]
    touched = model.get_parameter("roberta.embeddings.position_embeddings.weight").grad
    assert touched is not None
    # Position 1 is that of padding, position 0 is unused.
    assert (touched.abs().sum(dim=1) > 0).tolist() == [False, False, *[True] * TINY.positions]
