"""What is wrong with a checkpoint is told so that a person knows what to do; nothing random is ever loaded."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForSequenceClassification

from tests.checkpoints import edit_json
from tests.engine.conftest import TASK, TinyFolder, classify_here, load_here
from tui.engine.errors import EngineError, failure_of
from tui.engine.sources import facts
from tui.engine.sources.locate import locate
from tui.protocol.failures import Failure


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def cut_weights(folder: Path) -> None:
    cut(folder / "model.safetensors")


def scramble_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 20)


def remove_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def remove_a_layer(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layer.1." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def remove_the_head(folder: Path) -> None:
    AutoModel.from_pretrained(folder).save_pretrained(folder)


def remove_a_shard(folder: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert load_here(folder).parameters == sum(parameter.numel() for parameter in model.parameters())
    next(iter(folder.glob("model-0*"))).unlink()


def pickle_code(folder: Path) -> None:
    class Code:
        def __reduce__(self) -> tuple[Callable[[int], int], tuple[int]]:
            return (os._exit, (3,))

    (folder / "model.safetensors").unlink()
    torch.save({"classifier.bias": Code()}, folder / "pytorch_model.bin")


def pickle_junk(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"junk")


def remove_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def cut_tokenizer(folder: Path) -> None:
    cut(folder / "tokenizer.json")


def remove_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def cut_config(folder: Path) -> None:
    cut(folder / "config.json")


def name_an_unknown_type(folder: Path) -> None:
    edit_json(folder / "config.json", model_type="unheard-of")


def name_no_type(folder: Path) -> None:
    edit_json(folder / "config.json", model_type=None)


def name_a_vision_type(folder: Path) -> None:
    edit_json(folder / "config.json", model_type="vit")


def write_words_for_a_number(folder: Path) -> None:
    edit_json(folder / "config.json", hidden_size="many")


def share_one_among_one_label(folder: Path) -> None:
    names = {"id2label": {"0": "a"}, "label2id": {"a": 0}}
    edit_json(folder / "config.json", **names, problem_type="single_label_classification")


def claim_more_labels(folder: Path) -> None:
    edit_json(folder / "config.json", id2label={"0": "a", "1": "b", "2": "c"}, label2id=None)


def claim_fewer_words(folder: Path) -> None:
    edit_json(folder / "config.json", vocab_size=10)


DAMAGES: dict[Callable[[Path], None], tuple[str, str]] = {
    cut_weights: ("The weights can't be used", "cut short"),
    scramble_weights: ("The weights can't be used", "no safetensors header"),
    remove_weights: ("The weights can't be used", "missing"),
    remove_a_layer: ("Weights are missing", "layer.1."),
    remove_a_shard: ("The weights can't be used", "model-0000"),
    pickle_code: ("The weights are not safe to load", "could run code"),
    pickle_junk: ("The weights can't be used", "damaged"),
    remove_tokenizer: ("The tokenizer is missing", "tokenizer.json"),
    cut_tokenizer: ("The tokenizer can't be used", "line"),
    remove_config: ("Not a checkpoint", "model.safetensors"),
    cut_config: ("The config can't be read", "not valid JSON"),
    name_an_unknown_type: ("Unknown kind of model", "unheard-of"),
    name_no_type: ("Unknown kind of model", "model_type"),
    name_a_vision_type: ("This kind of model can't do sentiment-analysis", "vit"),
    write_words_for_a_number: ("The config can't be used", "hidden_size"),
    share_one_among_one_label: ("The config can't be used", "requires `num_labels > 1`"),
    claim_more_labels: ("The weights don't fit the config", "[2] in the file and [3]"),
    claim_fewer_words: ("The weights don't fit the config", "[10, 32] by the config"),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_checkpoint(tiny: TinyFolder, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(tiny("bert"), folder)
    damage(folder)
    title, word = DAMAGES[damage]
    with pytest.raises(EngineError) as raised:
        load_here(folder)
    failure = failure_of(raised.value)
    assert failure.title == title
    assert word in failure.detail
    assert_readable(failure)
    if damage is share_one_among_one_label:  # nothing is damaged: a copy would say the same
        assert failure.hint.startswith("Correct config.json")


def assert_readable(failure: Failure) -> None:
    for part in (failure.title, failure.detail, failure.hint):
        assert part
        assert "site-packages" not in part
        assert "Traceback" not in part
        assert "\n" not in part
        assert len(part) <= 700


@pytest.mark.parametrize(
    "damage",
    [cut_weights, remove_weights, remove_tokenizer, remove_the_head],
    ids=lambda damage: damage.__name__,
)
def test_the_facts_tell_it_before_anything_is_loaded(
    tiny: TinyFolder, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(tiny("bert"), folder)
    damage(folder)
    checkpoint = facts.describe(locate(str(folder)), folder, TASK)
    assert not checkpoint.serves
    assert checkpoint.note


def test_a_random_head_is_warned_of(tiny: TinyFolder, tmp_path: Path) -> None:
    """What transformers fills with random numbers is named, and it is the same numbers each time."""
    folder = shutil.copytree(tiny("bert"), tmp_path / "checkpoint")
    remove_the_head(folder)
    for place, name in (
        (folder, "classifier."),
        (tiny("bert", head="MaskedLM"), "classifier."),
        (tiny("gpt2", head="CausalLM"), "score."),
    ):
        loaded, again = load_here(place), load_here(place)
        assert "no trained classification head" in loaded.warning
        assert name in loaded.warning
        for first, second in zip(loaded.model.parameters(), again.model.parameters(), strict=True):
            assert torch.equal(first, second)
    assert load_here(tiny("bert")).warning == ""


@pytest.mark.parametrize(
    ("model_type", "lost", "warned", "noted"),
    [
        ("bert", ("classifier.bias",), "", "fills classifier.bias with zeros"),
        ("distilbert", ("pre_classifier.bias", "classifier.bias"), "", "pre_classifier.bias with zeros"),
        ("bert", ("bert.pooler.dense.bias",), "", "bert.pooler.dense.bias with zeros"),
        ("bert", ("classifier.weight",), "fills classifier.weight with random numbers, so", ""),
        (
            "bert",
            ("classifier.weight", "classifier.bias"),
            "fills classifier.weight with random numbers, classifier.bias with zeros",
            "",
        ),
        ("gpt2", ("score.weight",), "score.weight with random numbers", ""),
        ("roberta", ("classifier.dense.bias",), "", "classifier.dense.bias with zeros"),
    ],
)
def test_what_the_files_lack_is_told_as_what_it_is_filled_with(
    tiny: TinyFolder, tmp_path: Path, model_type: str, lost: tuple[str, ...], warned: str, noted: str
) -> None:
    folder = Path(shutil.copytree(tiny(model_type), tmp_path / "checkpoint"))
    stored = load_file(folder / "model.safetensors")
    save_file(
        {name: tensor for name, tensor in stored.items() if name not in lost}, folder / "model.safetensors"
    )
    loaded = load_here(folder)
    assert (bool(loaded.warning), bool(loaded.note)) == (bool(warned), bool(noted))
    assert warned in loaded.warning
    assert noted in loaded.note
    for name, parameter in loaded.model.named_parameters():
        if name in lost:
            zeros = f"{name} with zeros" in loaded.note + loaded.warning or "bias with zeros" in noted
            assert bool((parameter == 0).all()) == zeros


def test_a_bias_that_the_model_itself_lacks_is_no_random_number(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("bert"), tmp_path / "checkpoint"))
    stored = load_file(folder / "model.safetensors")
    del stored["bert.encoder.layer.0.output.dense.bias"]
    save_file(stored, folder / "model.safetensors")
    with pytest.raises(EngineError) as raised:
        load_here(folder)
    assert raised.value.failure.title == "Weights are missing"
    assert "output.dense.bias; transformers would fill them with zeros" in raised.value.failure.detail
    assert "random" not in raised.value.failure.detail


def test_a_tokenizer_of_another_checkpoint_is_noticed_before_the_model_runs(
    tiny: TinyFolder, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("bert"), tmp_path / "mixed")
    for file in tiny("roberta").glob("tokenizer*"):
        shutil.copy(file, folder)
    loaded = load_here(folder)
    text = "A warm, funny film was dull and honest, tokenizers split words into pieces"
    assert max(loaded.tokenizer.read(text).ids) > 300
    with pytest.raises(EngineError) as raised:
        classify_here(loaded, text)
    assert raised.value.failure.title == "The tokenizer doesn't fit the model"


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (MemoryError(), "Out of memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] can't allocate memory: 9 bytes"), "Out of memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), "Out of memory"),
        (PermissionError(errno.EACCES, "Permission denied", "/models/config.json"), "Not allowed to read it"),
        (OSError(errno.ENOSPC, "No space left on device", "/cache/x"), "The disk is full"),
        (ImportError("SentencePiece is needed"), "A library is missing"),
        (ValueError(f"bad value in {sys.prefix}/lib/python3.11/site-packages/x.py"), "The work failed"),
        (KeyError(), "The work failed"),
        (RuntimeError("long\nwords " * 500), "The work failed"),
    ],
)
def test_an_exception_is_told_in_words(error: Exception, title: str) -> None:
    failure = failure_of(error)
    assert failure.title.startswith(title)
    assert not failure.fatal
    assert_readable(failure)


def test_running_out_of_the_accelerators_memory_names_the_ways_out() -> None:
    hint = failure_of(torch.OutOfMemoryError("CUDA out of memory.")).hint
    assert "--dtype bfloat16" in hint
    assert "--device cpu" in hint


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported",
        "CUDA error: an illegal memory access was encountered",
        "CUDA error: unspecified launch failure",
    ],
)
def test_a_lost_accelerator_is_fatal(words: str) -> None:
    failure = failure_of(RuntimeError(words))
    assert failure.fatal
    assert_readable(failure)


@pytest.mark.parametrize(
    "words",
    [
        "libgomp.so.1: failed to map segment from shared object",
        "/usr/lib/libgomp.so.1: cannot allocate memory in static TLS block",
        "libgomp.so.1: cannot map zero-fill pages",
        "libgomp.so.1: cannot apply additional memory protection after relocation: Cannot allocate memory",
    ],
)
def test_a_library_without_room_is_told_as_such(words: str) -> None:
    """Also where another library has put its own words around it, as numpy does."""
    around = ImportError("IMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!")
    around.__cause__ = ImportError(words)
    for error in (OSError(words), ImportError(words), around):
        failure = failure_of(error, "Load")
        assert failure.title == "Memory is too tight for a library"
        assert failure.detail == "libgomp.so.1 can't be brought into memory."
    assert failure_of(ImportError("libcuda.so.1: cannot open shared object file"), "Load").title == (
        "A library is missing"
    )
