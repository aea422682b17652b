"""Folders without weights that can be loaded: what is there instead, and what to do, for a look and for a load."""

from __future__ import annotations

import doctest
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification

from tests.engine.conftest import TASK, load_here
from tests.engine.driver import EngineProcess
from tui import catalogue
from tui.engine.sources import instead
from tui.protocol import Failed, Inspect, Inspected, Load, Loaded

LAYOUTS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "TensorFlow": (("tf_model.h5",), "TensorFlow weights (tf_model.h5)", "from_tf=True"),
    "TensorFlow 1": (("bert_model.ckpt.index", "bert_model.ckpt.meta"), "TensorFlow weights", "made from"),
    "Flax": (("flax_model.msgpack",), "Flax weights (flax_model.msgpack)", "from_flax=True"),
    "ONNX": (("model.onnx",), "a graph for ONNX Runtime (model.onnx)", "made from"),
    "ONNX in its own folder": (
        ("onnx/model_quantized.onnx",),
        "ONNX Runtime (onnx/model_quantized.onnx)",
        "made from",
    ),
    "OpenVINO": (("openvino_model.xml", "openvino_model.bin"), "a graph for OpenVINO", "made from"),
    "GGUF": (("some-Q4_K_M.gguf",), "weights for llama.cpp (some-Q4_K_M.gguf)", "gguf_file"),
    "a variant": (("model.fp16.safetensors",), "variant “fp16” (model.fp16.safetensors)", 'variant="fp16"'),
    "a variant, pickled": (("pytorch_model.fp16.bin",), "variant “fp16”", 'variant="fp16"'),
    "a variant in shards": (
        ("model.bf16-00001-of-00002.safetensors", "model.safetensors.index.bf16.json"),
        "variant “bf16”",
        'variant="bf16"',
    ),
    "shards alone": (
        ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        "shards (model-00001-of-00002.safetensors) without their index",
        "model.safetensors.index.json",
    ),
    "an adapter": (
        ("adapter_config.json", "adapter_model.safetensors"),
        "a PEFT adapter of “someone/base” (adapter_config.json)",
        "merge_and_unload",
    ),
    "their makers' form": (("consolidated.00.pth",), "the program of their makers", "for transformers"),
    "another name": (("weights.safetensors",), "another name (weights.safetensors)", "rename it model"),
    "a folder in it": (("step-500/config.json", "step-500/model.safetensors"), "step-500", "Choose"),
    "folders in it": (
        tuple(f"step-{n}/{name}" for n in (1, 2) for name in ("config.json", "model.safetensors")),
        "2 folders with checkpoints",
        "one of these",
    ),
    "what a training leaves": (("optimizer.pt", "training_args.bin"), "no pytorch_model.bin", "again"),
    "nothing": ((), "no pytorch_model.bin", "again"),
}
"""The files beside config.json and the tokenizer, what is said to be there, and words of what to do."""


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built_in = catalogue.built_in_folder("nano-sentiment")
    assert built_in is not None
    copied = Path(shutil.copytree(built_in, tmp_path / "copy"))
    (copied / "model.safetensors").unlink()
    return copied


def put(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        base = json.dumps({"base_model_name_or_path": "someone/base"})
        file.write_text(base if name == "adapter_config.json" else "not looked into")


def looked_at(engine: EngineProcess, reference: str) -> Inspected | Failed:
    request = engine.next_id()
    engine.send(Inspect(request, reference, TASK))
    answer = engine.last(request)
    assert isinstance(answer, Inspected | Failed)
    return answer


def loaded(engine: EngineProcess, reference: str) -> Loaded | Failed:
    request = engine.next_id()
    engine.send(Load(request, reference, TASK))
    answer = engine.last(request)
    assert isinstance(answer, Loaded | Failed)
    return answer


def test_an_adapter_beside_whole_weights_is_told_and_not_applied(engine: EngineProcess, folder: Path) -> None:
    shutil.copy(catalogue.built_in_folder("nano-sentiment") / "model.safetensors", folder)  # type: ignore[operator]
    seen, made = looked_at(engine, str(folder)), loaded(engine, str(folder))
    assert isinstance(seen, Inspected)
    assert isinstance(made, Loaded)
    assert "adapter" not in seen.checkpoint.note + made.note
    put(folder, ("adapter_config.json", "adapter_model.safetensors"))
    seen, made = looked_at(engine, str(folder)), loaded(engine, str(folder))
    assert isinstance(seen, Inspected)
    assert isinstance(made, Loaded)
    assert seen.checkpoint.serves
    for note in (seen.checkpoint.note, made.note):
        assert "A PEFT adapter of “someone/base” (adapter_config.json) lies beside the weights" in note
        assert "not applied" in note
        assert "merge_and_unload" in note
    assert not made.warning


def test_an_adapter_is_not_applied_where_peft_is_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(catalogue.built_in_folder("nano-sentiment") / "model.safetensors", folder)  # type: ignore[operator]
    put(folder, ("adapter_config.json", "adapter_model.safetensors"))
    for module in ("transformers.models.auto.auto_factory", "transformers.integrations.peft"):
        monkeypatch.setattr(f"{module}.is_peft_available", lambda: True)
    with pytest.raises(ImportError, match="peft"):  # what transformers does by itself
        AutoModelForSequenceClassification.from_pretrained(folder)
    made = load_here(folder)
    names = {name for name, _ in made.model.named_parameters()}
    assert "not applied" in made.note
    assert names
    assert not any("lora" in name for name in names)


def test_worked_examples() -> None:
    tried = doctest.testmod(instead)
    assert tried.attempted
    assert not tried.failed


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_there_is_said_and_what_to_do(engine: EngineProcess, folder: Path, layout: str) -> None:
    names, said, hint = LAYOUTS[layout]
    put(folder, names)
    failed = loaded(engine, str(folder))
    assert isinstance(failed, Failed)
    assert failed.failure.title == "The weights can't be used"
    assert "no model.safetensors" in failed.failure.detail
    assert said in failed.failure.detail
    assert hint in failed.failure.hint
    seen = looked_at(engine, str(folder))
    assert isinstance(seen, Inspected)
    assert not seen.checkpoint.serves
    assert said in seen.checkpoint.note
    assert hint in seen.checkpoint.note or hint == "again"


@pytest.mark.parametrize("layout", ["GGUF", "an adapter", "a folder in it", "nothing"])
def test_without_a_config_too(engine: EngineProcess, folder: Path, layout: str) -> None:
    names, said, hint = LAYOUTS[layout]
    (folder / "config.json").unlink()
    put(folder, names)
    for answer in (loaded(engine, str(folder)), looked_at(engine, str(folder))):
        assert isinstance(answer, Failed)
        assert answer.failure.title == "Not a checkpoint"
        assert "no config.json" in answer.failure.detail
        assert layout == "nothing" or said in answer.failure.detail
        assert layout == "nothing" or hint in answer.failure.hint


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("some.gguf", "a file, not a folder: weights for llama.cpp (some.gguf)", "gguf_file"),
        ("some.onnx", "a file, not a folder: a graph for ONNX Runtime", "made from"),
        ("model.safetensors", "a file, not a folder", "Give the folder that it is in: "),
        ("config.json", "a file, not a folder", "Give the folder that it is in: "),
        ("notes.txt", "a file, not a folder", "Give the folder that it is in: "),
    ],
)
def test_a_path_to_a_file(engine: EngineProcess, folder: Path, name: str, said: str, hint: str) -> None:
    file = folder / name
    if name != "config.json":
        file.write_text("not looked into")
    if "gguf" in name or "onnx" in name:
        (folder / "config.json").unlink()
    for answer in (loaded(engine, str(file)), looked_at(engine, str(file))):
        assert isinstance(answer, Failed)
        assert answer.failure.title == "No such folder"
        assert said in answer.failure.detail
        assert hint in answer.failure.hint


def test_the_advice_about_variants_works(engine: EngineProcess, tmp_path: Path) -> None:
    built_in = catalogue.built_in_folder("nano-sentiment")
    assert built_in is not None
    folder = Path(shutil.copytree(built_in, tmp_path / "variant"))
    (folder / "model.safetensors").rename(folder / "model.fp16.safetensors")
    assert isinstance(loaded(engine, str(folder)), Failed)
    AutoModelForSequenceClassification.from_pretrained(folder, variant="fp16").save_pretrained(folder)
    assert isinstance(loaded(engine, str(folder)), Loaded)
