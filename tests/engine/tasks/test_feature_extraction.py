"""Feature extraction equals `pipeline("feature-extraction")`, and the encoder's output of encoder-decoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, pipeline

from tests.asking import ask, by_index
from tests.checkpoints import ARCHITECTURES, MAX_TOKENS, make_checkpoint
from tests.engine.conftest import TinyFolder, load_here
from tui.engine.errors import Abandoned, EngineError
from tui.engine.tasks.feature_extraction import MOST_COMPARED
from tui.protocol import frames
from tui.protocol.rows import RowAddress

TASK = "feature-extraction"
TWO_STACKS = ("bart", "t5")
TEXTS = (
    "The film was dull.",
    " \t\n ",
    "Crème brûlée 東京 😀👩‍👩‍👧 e\u0301 \u202egnihton\u202c \x00\x07\x1b[31m",
    "[CLS] <s> twice </s> [SEP] [MASK] <|endoftext|> [UNK]",
    "the film was dull " * 100,
)


def pipeline_of(folder: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    return pipeline("feature-extraction", model=model, tokenizer=tokenizer)


@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES.keys() - set(TWO_STACKS)))
def test_every_architecture(tiny: TinyFolder, model_type: str) -> None:
    folder = tiny(model_type, head="")
    loaded, extract = load_here(folder, task=TASK), pipeline_of(folder)
    for text in TEXTS:
        told = ask(loaded, text)
        assert told.answer == extract(text, truncation=True)
        hidden = np.array(told.answer[0])
        (norms,) = told.view.norms
        assert norms == pytest.approx(np.linalg.norm(hidden, axis=1).tolist())
        assert len(norms) == len(told.prepared.sequences()[0].tokens)
        assert told.outcome.norms == told.view.norms


@pytest.mark.parametrize("stated", [True, False])
def test_an_answer_that_no_frame_holds_is_refused_before_the_work(
    tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch, stated: bool
) -> None:
    """Before the forward where the config tells the width, else before numbers are made of it."""
    loaded = load_here(tiny("bert", head=""), task=TASK)
    told = ask(loaded, TEXTS[0])
    positions, width = len(told.answer[0]), len(told.answer[0][0])
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", positions * width * 9)
    if stated:
        monkeypatch.setattr(loaded.model, "forward", lambda **_: pytest.fail("it went through the model"))
    else:
        monkeypatch.setattr(loaded.model.config, "hidden_size", 1)
    with pytest.raises(EngineError) as refused:
        ask(loaded, TEXTS[0])
    assert f"{positions:,} vectors of {width:,} numbers" in refused.value.failure.detail
    assert f"at most {positions - 1:,} tokens" in refused.value.failure.hint
    monkeypatch.undo()
    assert ask(loaded, TEXTS[0]).answer == told.answer


@pytest.mark.parametrize("model_type", TWO_STACKS)
def test_of_an_encoder_decoder_it_is_the_encoder(tiny: TinyFolder, model_type: str) -> None:
    folder = tiny(model_type, head="")
    told = ask(load_here(folder, task=TASK), TEXTS[0])
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        inputs = tokenizer(TEXTS[0], return_tensors="pt")
        encoded = model.get_encoder()(inputs["input_ids"], inputs["attention_mask"])
    assert told.answer == encoded.last_hidden_state.tolist()
    assert "the encoder's last hidden states" in told.view.note
    if model_type == "bart":
        assert told.answer != pipeline_of(folder)(TEXTS[0])
    else:
        with pytest.raises(ValueError, match="must specify exactly one of input_ids or inputs_embeds"):
            pipeline_of(folder)(TEXTS[0])


def test_a_checkpoint_with_a_head_serves_too(tiny: TinyFolder) -> None:
    for model_type in ("bert", "gpt2", "distilbert"):
        folder = tiny(model_type, 3)
        told = ask(load_here(folder, task=TASK), "dull")
        assert told.answer == pipeline_of(folder)("dull")


def test_half_precision_loses_nothing(tiny: TinyFolder) -> None:
    folder = tiny("bert", head="", dtype=torch.bfloat16)
    told = ask(load_here(folder, dtype="bfloat16", task=TASK), "The film was dull.")
    model = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).eval()
    extract = pipeline("feature-extraction", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))
    assert told.answer == extract("The film was dull.")


@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_two_texts_are_two_rows(tiny: TinyFolder, pooling: str) -> None:
    folder = tiny("roberta", head="")
    loaded, extract = load_here(folder, task=TASK), pipeline_of(folder)
    texts = ("The film was dull.", "the acting was worse " * 50)
    told = ask(loaded, {"text": texts[0], "text_pair": texts[1]}, pooling=pooling)
    hidden = [np.array(extract(text, truncation=True)[0]) for text in texts]
    pooled = [{"mean": each.mean(0), "first": each[0], "last": each[-1]}[pooling] for each in hidden]
    norms = [np.linalg.norm(each) for each in pooled]
    assert told.answer == [hidden[0].tolist()]
    assert [list(each) for each in told.view.pooled] == [
        pytest.approx(each.tolist(), abs=1e-12) for each in pooled
    ]
    assert told.view.cosine == pytest.approx(pooled[0] @ pooled[1] / norms[0] / norms[1], abs=1e-12)
    units = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in hidden]
    assert np.array(told.view.between_tokens) == pytest.approx(units[0] @ units[1].T, abs=1e-12)
    cosines = np.array(told.view.between_tokens)
    assert told.view.closest == tuple(tuple(cosines.argmax(axis=axis).tolist()) for axis in (1, 0))
    first, second = told.prepared.sequences()
    assert {token.field for token in first.tokens} == {None, 0}
    assert {token.field for token in second.tokens} == {None, 1}
    assert first.unread_from == second.unread_from
    assert (first.unread_from[0], second.unread_from[1] is None) == (None, False)
    assert (first.name, second.name) == ("first text", "second text")


def test_one_text_is_compared_with_itself(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", head=""), task=TASK), "The film was dull.")
    cosines = np.array(told.view.between_tokens)
    assert told.view.cosine is None
    assert np.diag(cosines) == pytest.approx(1.0)
    assert cosines == pytest.approx(cosines.T)
    assert cosines.min() < 0.99
    np.fill_diagonal(cosines, -2)
    assert told.view.closest == (tuple(cosines.argmax(axis=1).tolist()),)


def test_the_cosines_of_a_long_text_are_cut(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "bert", head="", max_position_embeddings=300)
    from tests.checkpoints import edit_json

    edit_json(folder / "tokenizer_config.json", model_max_length=300)
    told = ask(load_here(folder, task=TASK), "the film was dull " * 100)
    assert len(told.view.norms[0]) == len(told.view.closest[0]) == 300
    assert told.view.closest[0][MOST_COMPARED:] == (None,) * (300 - MOST_COMPARED)
    assert None not in told.view.closest[0][:MOST_COMPARED]
    assert (len(told.view.between_tokens), len(told.view.between_tokens[0])) == (MOST_COMPARED, MOST_COMPARED)


def test_a_vector_of_zeros_has_no_cosine(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "bert", head="")
    model = AutoModel.from_pretrained(folder)
    with torch.no_grad():
        model.encoder.layer[-1].output.LayerNorm.weight.zero_()
        model.encoder.layer[-1].output.LayerNorm.bias.zero_()
    model.save_pretrained(folder)
    told = ask(load_here(folder, task=TASK), {"text": "dull", "text_pair": "funny"})
    assert told.view.cosine is None
    assert np.isnan(told.view.between_tokens).all()
    assert {near for each in told.view.closest for near in each} == {None}


def test_the_readout_is_the_pooled_vector_until_a_position_is_chosen(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", head=""), task=TASK), {"text": "dull film", "text_pair": "funny"})
    pooled = [list(each) for each in told.view.pooled]
    for address, expected, name in (
        (RowAddress(), pooled[0], f"mean of {len(told.view.norms[0])} positions of the first text"),
        (RowAddress(1), pooled[1], f"mean of {len(told.view.norms[1])} positions of the second text"),
        (RowAddress(0, 2), told.answer[0][2], "hidden state at position 2 of the first text"),
        (RowAddress(0, 999), pooled[0], f"mean of {len(told.view.norms[0])} positions of the first text"),
        (RowAddress(7), pooled[0], f"mean of {len(told.view.norms[0])} positions of the first text"),
    ):
        readout = told.readout(address, function="softmax", temperature=2.0)
        values, scaled = by_index(readout)
        assert values == expected
        assert scaled == [value / 2 for value in expected]
        assert (readout.function, readout.name) == ("none", name)
        assert told.readout(readout.address, function="softmax", temperature=2.0) == readout
        assert sorted(int(row.label) for row in readout.rows) == list(range(told.view.width))
    assert len(told.readout(top=5).rows) == 5


def test_the_walk(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", head=""), task=TASK), "dull")
    assert [step.name for step in told.outcome.steps] == ["ids", "token embeddings", "hidden states"]
    last = told.outcome.steps[-1]
    assert (last.detail, last.dtype) == ("BertModel, 2 layers", "float32")
    assert last.shape == (1, len(told.answer[0]), 32)
    assert sum(step.seconds or 0 for step in told.outcome.steps) == pytest.approx(told.outcome.seconds)


def test_bad_input_is_told(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("gpt2", head=""), task=TASK)
    with pytest.raises(EngineError, match="Nothing to read"):
        ask(loaded, "")
    with pytest.raises(EngineError, match="This can't be asked"):
        ask(loaded, "dull", pooling="max")
    assert len(ask(loaded, "dull " * 5000).answer[0]) == MAX_TOKENS


def test_giving_up_between_two_texts(tiny: TinyFolder) -> None:
    from tui.engine import tasks

    loaded = load_here(tiny("bert", head=""), task=TASK)
    prepared = tasks.prepare(TASK, loaded.tokenizer, {"text": "a", "text_pair": "b"}, {})
    calls = []

    def give_up() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Abandoned

    with pytest.raises(Abandoned):
        tasks.code_of(TASK).forward(loaded, prepared, give_up)
