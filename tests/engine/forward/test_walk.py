"""The walk from ids to probabilities names every station of the model as it is, and leaves nothing behind."""

from __future__ import annotations

import pytest
import torch

from tests.checkpoints import ARCHITECTURES
from tests.engine.conftest import TinyFolder, classify_here, load_here
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.forward import walk
from tui.engine.forward.walk import walked
from tui.engine.tasks import text_classification
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.walk import Step

TEXT = "A warm, funny film"

HEADS = {
    "distilbert": [
        "first token",
        "pre_classifier Linear(32 → 32)",
        "activation ReLU",
        "classifier: Linear(32 → 5)",
    ],
    "albert": ["first token", "pooler Linear(32 → 32)", "activation tanh", "classifier: Linear(32 → 5)"],
    "bert": [
        "first token",
        "pooler.dense Linear(32 → 32)",
        "pooler.activation Tanh",
        "classifier: Linear(32 → 5)",
    ],
    "electra": [
        "first token",
        "classifier.dense Linear(32 → 32)",
        "classifier.activation GELUActivation",
        "classifier.out_proj: Linear(32 → 5)",
    ],
    "deberta-v2": [
        "first token",
        "pooler.dense Linear(32 → 32)",
        "activation GELU",
        "classifier: Linear(32 → 5)",
    ],
    "roberta": [
        "first token",
        "classifier.dense Linear(32 → 32)",
        "activation tanh",
        "classifier.out_proj: Linear(32 → 5)",
    ],
    "xlm-roberta": [
        "first token",
        "classifier.dense Linear(32 → 32)",
        "activation tanh",
        "classifier.out_proj: Linear(32 → 5)",
    ],
    "gpt2": ["score Linear(32 → 5)", "last token: position"],
    "llama": ["score Linear(32 → 5)", "last token: position"],
    "t5": [
        "last token",
        "classification_head.dense Linear(32 → 32)",
        "activation tanh",
        "classification_head.out_proj: Linear(32 → 5)",
    ],
    "bart": [
        "last token",
        "classification_head.dense Linear(32 → 32)",
        "activation tanh",
        "classification_head.out_proj: Linear(32 → 5)",
    ],
}


def steps_of(loaded: LoadedCheckpoint, text: str = TEXT) -> tuple[tuple[Step, ...], float]:
    outcome = classify_here(loaded, text)
    _, last = text_classification.read_out(1, outcome, ReadoutSettings(), RowAddress())
    return (*outcome.steps, last), outcome.seconds


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_every_architecture_is_walked_as_it_is_built(tiny: TinyFolder, model_type: str) -> None:
    loaded = load_here(tiny(model_type, 5, "single_label_classification"))
    count = len(loaded.tokenizer.read(TEXT).tokens)
    steps, seconds = steps_of(loaded)
    names = [step.name for step in steps]
    hidden = steps[names.index("hidden states")]
    head = steps[names.index("hidden states") + 1 : -1]
    assert names[0] == "ids"
    assert (steps[0].shape, steps[0].dtype) == ((1, count), "int64")
    assert hidden.shape == (1, count, 32)
    assert hidden.detail == f"{type(loaded.model.base_model).__name__}, 2 layers"
    told = [step.detail if step.name == "logits" else f"{step.name} {step.detail}" for step in head]
    assert len(told) == len(HEADS[model_type])
    assert all(text.startswith(start) for text, start in zip(told, HEADS[model_type], strict=True)), told
    assert (head[-1].name, head[-1].shape, head[-1].dtype) == ("logits", (1, 5), "float32")
    assert (names[-1], steps[-1].detail, steps[-1].shape) == ("probabilities", "softmax", (5,))

    parts = [step.seconds for step in steps[:-1] if step.seconds is not None]
    assert all(part >= 0 for part in parts)
    assert 0 < sum(parts) <= seconds


def test_the_walk_changes_no_number_and_leaves_no_hook(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("bert", 3))
    inputs = {"input_ids": torch.tensor([loaded.tokenizer.read(TEXT).inputs["input_ids"]])}
    with torch.inference_mode():
        alone = loaded.model(**inputs).logits
        with walked(loaded.model, "cpu") as walk:
            assert torch.equal(loaded.model(**inputs).logits, alone)
        assert walk.stations
        with pytest.raises(ValueError, match="input_ids"), walked(loaded.model, "cpu"):
            loaded.model()
    for module in loaded.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_a_regression_has_scores_and_no_probabilities(tiny: TinyFolder) -> None:
    steps, _ = steps_of(load_here(tiny("distilbert", 1, "regression")))
    assert (steps[-1].name, steps[-1].detail) == ("scores", "the logits")


class _Cubing(torch.nn.Module):
    """A module whose own arithmetic has no name."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, entered: torch.Tensor) -> torch.Tensor:
        cubed: torch.Tensor = self.inner(entered) ** 3
        return cubed


def test_what_the_numbers_do_not_prove_is_not_named(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("distilbert", 2))
    loaded.model.pre_classifier = _Cubing(loaded.model.get_submodule("pre_classifier"))
    names = [step.name for step in steps_of(loaded)[0]]
    assert names[-4:] == ["first token", "pre_classifier.inner", "logits", "probabilities"]


def test_what_watches_never_stops_what_answers(tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that can't be hooked, and one that can't be read as it passes, cost a station each and no number."""
    loaded = load_here(tiny("bert", 5))
    expected = classify_here(loaded, TEXT)

    def refuses(*_: object) -> None:
        raise NotImplementedError("`get_input_embeddings` not auto-handled")

    base = loaded.model.base_model
    for owner, name in ((base, "get_input_embeddings"), (walk, "_sizes"), (walk, "_tensor"), (walk, "_same")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, refuses)
            found = classify_here(loaded, TEXT)
        assert torch.equal(found.logits, expected.logits), name
        assert len(found.steps) <= len(expected.steps)
        assert found.steps[0].name == "ids"
        assert not any(module._forward_hooks for module in loaded.model.modules())
