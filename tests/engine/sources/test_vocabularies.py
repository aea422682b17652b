"""Which files make a tokenizer: what transformers' own classes say, in downloads and in folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import transformers
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES, tokenizer_class_from_name

from tui.engine.sources import files, vocabularies
from tui.engine.sources.vocabularies import SETTINGS, is_read

_CLASSES = sorted(
    {
        made
        for name in {*TOKENIZER_MAPPING_NAMES.values(), *dir(transformers)}
        if name and name.endswith("Tokenizer") and (made := tokenizer_class_from_name(name)) is not None
        if not hasattr(made, "_backends")  # it stands for a class that lacks a library
    },
    key=lambda made: made.__name__,
)


def test_the_table_is_what_the_classes_say() -> None:
    assert vocabularies.of_classes() == vocabularies.KNOWN


@pytest.mark.parametrize("made", _CLASSES)
def test_a_download_takes_all_that_a_class_reads(made: type) -> None:
    names = tuple(getattr(made, "vocab_files_names", {}).values())
    taken = files.needed(("config.json", *names, "model.safetensors", "picture.png"))
    assert set(names) <= set(taken)
    assert "picture.png" not in taken


@pytest.mark.parametrize("made", _CLASSES)
def test_a_folder_of_what_a_class_reads_has_a_tokenizer(made: type, tmp_path: Path) -> None:
    names = set(getattr(made, "vocab_files_names", {}).values()) - SETTINGS
    for name in names:
        (tmp_path / name).write_text("{}")
    without = next((kind for kind, name in TOKENIZER_MAPPING_NAMES.items() if name == made.__name__), None)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": without}))
    is_one = issubclass(made, transformers.PreTrainedTokenizerBase)
    assert files.has_tokenizer(tmp_path) == (bool(names) or (is_one and without is not None))


@pytest.mark.parametrize(
    ("config", "settings", "expected"),
    [
        ({"model_type": "canine"}, {}, True),
        ({"model_type": "t5", "tokenizer_class": "ByT5Tokenizer"}, {}, True),
        ({"model_type": "t5"}, {"tokenizer_class": "ByT5Tokenizer"}, True),
        ({"model_type": "t5"}, {}, False),
        ({"model_type": ["canine"]}, {"tokenizer_class": 3}, False),
    ],
)
def test_tokenizers_without_a_vocabulary_are_known_by_the_configs(
    config: dict[str, object], settings: dict[str, object], expected: bool, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    assert files.has_tokenizer(tmp_path) is expected


def test_what_every_tokenizer_reads_comes_along() -> None:
    for name in (
        "additional_chat_templates/tool_use.jinja",
        "tokenizer.4.0.0.json",
        "tekken.json",
        *SETTINGS,
    ):
        assert is_read(name)
    for name in ("model.safetensors", "onnx/tokenizer.json", "additional_chat_templates/a/b.jinja", "a.txt"):
        assert not is_read(name)


def test_a_file_that_the_table_does_not_know_is_asked_of_the_classes() -> None:
    for name in ("train.txt", "words.model"):
        assert vocabularies.may_be_read(name)
    for name in ("config.json", "model.safetensors.index.json", "pytorch_model.bin", "onnx/vocab.txt"):
        assert not vocabularies.may_be_read(name)
