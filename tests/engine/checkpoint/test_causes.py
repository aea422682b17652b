"""Why a checkpoint's files can't be used: the real cause, where the libraries name another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from transformers import AutoTokenizer
from transformers.utils import import_utils

from tests.engine.tokenization.staged import sentencepiece_model
from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import facts, folders
from tui.engine.sources.locate import locate
from tui.engine.tokenization.opening import open_tokenizer
from tui.protocol.failures import Failure

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
FAMILIES = {
    "t5": "spiece.model",
    "xlm-roberta": "sentencepiece.bpe.model",
    "camembert": "sentencepiece.bpe.model",
    "llama": "tokenizer.model",
    "gemma": "tokenizer.model",
    "deberta-v2": "spm.model",
    "mbart": "sentencepiece.bpe.model",
    "big_bird": "spiece.model",
    "rembert": "sentencepiece.model",
    "xlnet": "spiece.model",
}


def refused(reference: str | Path) -> Failure:
    with pytest.raises(EngineError) as caught:
        open_tokenizer(str(reference))
    return caught.value.failure


def of_kind(folder: Path, model_type: str, **files: bytes) -> Path:
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("model_type", FAMILIES)
def test_a_sentencepiece_model_is_enough(model_type: str, tmp_path: Path) -> None:
    of_kind(tmp_path, model_type, **{FAMILIES[model_type]: sentencepiece_model()})
    reference = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    tokenizer = open_tokenizer(str(tmp_path)).tokenizer
    for text in ("the cat sat", "  déjà vu\n", ""):
        assert list(tokenizer.read(text).ids) == reference(text)["input_ids"]


def test_a_library_that_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_kind(tmp_path, "t5", **{"spiece.model": sentencepiece_model()})
    lacks = (lambda: False, import_utils.BACKENDS_MAPPING["protobuf"][1])
    monkeypatch.setitem(import_utils.BACKENDS_MAPPING, "protobuf", lacks)
    failure = refused(tmp_path)
    assert "protobuf" in failure.detail
    assert "tiktoken" not in failure.detail
    assert failure.hint.startswith("Install it")


def test_a_damaged_model_is_said_to_be_that(tmp_path: Path) -> None:
    failure = refused(of_kind(tmp_path, "t5", **{"spiece.model": b"not a model"}))
    assert "spiece.model is damaged" in failure.detail
    assert "tiktoken" not in failure.detail


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    failure = refused(of_kind(tmp_path, "phobert", **{"vocab.txt": b"a 1\n"}))
    assert "bpe.codes is not there" in failure.detail


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"]
)
def test_a_pointer_of_git_lfs_says_what_it_is(name: str, tmp_path: Path) -> None:
    built_in = catalogue.built_in_folder("nano-sentiment")
    assert built_in is not None
    folder = tmp_path / "copy"
    shutil.copytree(built_in, folder)
    (folder / name).write_bytes(POINTER)
    if name == "model.safetensors":
        assert "git lfs pull" in facts.weights_in(folder)[1].said
        assert not facts.describe(locate(str(folder)), folder, "sentiment-analysis").serves
    else:
        failure = refused(folder)
        assert "git lfs pull" in failure.detail
        with pytest.raises(EngineError, match="git lfs pull"):
            folders.check(folder)


def test_pickled_weights_and_bare_files_that_are_pointers(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(POINTER)
    assert "git lfs pull" in facts.weights_in(tmp_path)[1].said
    (tmp_path / "tokenizer.json").write_bytes(POINTER)
    assert "git lfs pull" in refused(tmp_path / "tokenizer.json").detail
