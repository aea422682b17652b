"""Where a checkpoint is and what it is, found on the disk alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification
from transformers.models.auto import modeling_auto

from tests.checkpoints import ARCHITECTURES, MAX_TOKENS, edit_json
from tests.engine.conftest import TASK, TinyFolder, load_here
from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import facts, hub_cache, limits, listing
from tui.engine.sources.locate import Place, locate
from tui.engine.sources.safetensors_header import Weights
from tui.protocol.checkpoints import Checkpoint
from tui.tasks import TASKS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put_into_cache(cache: Path, repository: str, folder: Path, commit: str = COMMIT) -> Path:
    """Store a checkpoint the way huggingface_hub does: blobs, and a snapshot of links to them."""
    storage = cache / f"models--{repository.replace('/', '--')}"
    (storage / "blobs").mkdir(parents=True, exist_ok=True)
    (storage / "refs").mkdir(exist_ok=True)
    (storage / "refs" / "main").write_text(commit)
    snapshot = storage / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for number, file in enumerate(folder.iterdir()):
        blob = storage / "blobs" / f"{commit[:8]}{number}"
        shutil.copy(file, blob)
        (snapshot / file.name).symlink_to(blob)
    return snapshot


def describe(folder: Path) -> Checkpoint:
    return facts.describe(locate(str(folder)), folder, TASK)


# ---------------------------------------------------------------------------------------------- facts


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_the_facts_are_those_of_the_loaded_model(tiny: TinyFolder, model_type: str) -> None:
    folder = tiny(model_type, 5, "single_label_classification")
    checkpoint = describe(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    assert checkpoint.serves
    assert checkpoint.note == ""
    assert checkpoint.architecture == type(model).__name__
    assert checkpoint.model_type == model_type
    assert checkpoint.labels == tuple(model.config.id2label[index] for index in range(5))
    assert checkpoint.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert checkpoint.dtype == "float32"
    assert checkpoint.size_bytes == (folder / "model.safetensors").stat().st_size
    assert (checkpoint.hidden_size, checkpoint.layers) == (32, 2)
    assert checkpoint.vocabulary_size == model.config.vocab_size
    assert checkpoint.max_tokens == MAX_TOKENS
    families = {"gpt2": "decoder", "llama": "decoder", "bart": "encoder-decoder", "t5": "encoder-decoder"}
    assert checkpoint.family == families.get(model_type, "encoder")


def test_the_number_format_is_that_of_the_weights(tiny: TinyFolder) -> None:
    assert describe(tiny("bert", 2, dtype=torch.bfloat16)).dtype == "bfloat16"


def test_the_shards_of_a_checkpoint_are_added_up(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("bert", 3), tmp_path / "sharded")
    (folder / "model.safetensors").unlink()
    model = AutoModelForSequenceClassification.from_pretrained(tiny("bert", 3))
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("*.safetensors"))) > 2
    checkpoint = describe(folder)
    assert checkpoint.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert checkpoint.size_bytes == sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def test_pickled_weights_have_a_size_and_no_count(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("bert", 3), tmp_path / "pickled")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    checkpoint = describe(folder)
    assert checkpoint.serves
    assert checkpoint.parameters is None
    assert checkpoint.size_bytes == (folder / "pytorch_model.bin").stat().st_size


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\ntags: [a]\n---\n# Card", "apache-2.0"),
        ('---\nlicense: "mit"\n---\n', "mit"),
        ("# Card\nlicense: mit\n", None),
        ("---\ntags: []\n---\nlicense: mit\n", None),
        ("", None),
    ],
)
def test_the_license_is_the_cards(tiny: TinyFolder, tmp_path: Path, card: str, expected: str | None) -> None:
    folder = shutil.copytree(tiny("bert", 3), tmp_path / "with-card")
    (folder / "README.md").write_text(card)
    assert describe(folder).license == expected


def test_a_checkpoint_for_something_else_says_so(tiny: TinyFolder) -> None:
    checkpoint = describe(tiny("bert", head="MaskedLM"))
    assert (checkpoint.serves, checkpoint.labels) == (False, ())
    assert checkpoint.note == "BertForMaskedLM has no classification head"


@pytest.mark.parametrize(
    ("mapping", "task"),
    [
        ("SEQUENCE_CLASSIFICATION", "sentiment-analysis"),
        ("SEQUENCE_CLASSIFICATION", "zero-shot-classification"),
        ("CAUSAL_LM", "text-generation"),
        ("MASKED_LM", "fill-mask"),
        ("TOKEN_CLASSIFICATION", "ner"),
        ("QUESTION_ANSWERING", "question-answering"),
        ("SEQ_TO_SEQ_CAUSAL_LM", "summarization"),
        ("SEQ_TO_SEQ_CAUSAL_LM", "translation"),
    ],
)
def test_every_class_that_transformers_has_for_a_task_serves_it(mapping: str, task: str) -> None:
    """Their names end as they like: `Gemma3ForConditionalGeneration` has a head for the next token."""
    families = getattr(modeling_auto, f"MODEL_FOR_{mapping}_MAPPING_NAMES")
    refused = {
        f"{family}: {checkpoint.note}"
        for family, names in families.items()
        for name in ([names] if isinstance(names, str) else names)
        if not (checkpoint := stated({"architectures": [name], "model_type": family}, task)).serves
    }
    assert not refused


def stated(config: dict[str, Any], task: str) -> Checkpoint:
    return facts.from_config(
        Place("x", "x", "folder", Path()),
        config,
        task,
        weights=Weights(0, None, None),
        max_tokens=None,
        license_name=None,
        obstacle="",
    )


def test_a_head_over_the_vocabulary_may_stand_under_any_class(tiny: TinyFolder) -> None:
    """Loading tells: GPT-2's is its embeddings, and BART's is that of its decoder."""
    for folder, task, lacks in (
        (tiny("gpt2", head=""), "text-generation", False),
        (tiny("bart", head="SequenceClassification"), "fill-mask", False),
        (tiny("bert"), "fill-mask", True),
    ):
        checkpoint = facts.describe(locate(str(folder)), folder, task)
        assert (checkpoint.serves, checkpoint.untrained) == (False, True)
        assert "loading it tells" in checkpoint.note
        assert bool(load_here(folder, task=task).warning) is lacks


def test_labels_without_names_are_numbered(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("bert", 2), tmp_path / "unnamed")
    edit_json(folder / "config.json", id2label=None, label2id=None)
    assert describe(folder).labels == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize("content", ["{}", '{"architectures": 3, "id2label": [], "vocab_size": "x"}'])
def test_an_odd_config_is_described_as_far_as_it_goes(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    checkpoint = describe(tmp_path)
    assert not checkpoint.serves
    assert (checkpoint.architecture, checkpoint.vocabulary_size) == (None, None)


# --------------------------------------------------------------------------------------------- limits


def ids_of(count: int) -> torch.Tensor:
    """[1, count], the end-of-sequence token of BART last."""
    return torch.tensor([[7] * (count - 1) + [2]])


@pytest.mark.parametrize(
    "model_type", ["bert", "distilbert", "roberta", "xlm-roberta", "gpt2", "bart", "electra"]
)
def test_a_model_takes_exactly_as_many_tokens_as_its_limit_says(tiny: TinyFolder, model_type: str) -> None:
    loaded = load_here(tiny(model_type, 2))
    limit = limits.position_limit(loaded.model.config.to_dict())
    assert limit == MAX_TOKENS
    with torch.inference_mode():
        loaded.model(input_ids=ids_of(limit))
        with pytest.raises((IndexError, RuntimeError)):
            loaded.model(input_ids=ids_of(limit + 1))


@pytest.mark.parametrize(
    ("positions", "stated", "limit"),
    [(512, 256, 256), (512, 10**30, 512), (None, 128, 128), (None, None, None), (None, 10**30, None)],
)
def test_the_smaller_limit_wins(positions: int | None, stated: object, limit: int | None) -> None:
    assert limits.token_limit(positions, stated) == limit


def test_a_model_that_names_no_limit_still_reads_no_megabyte(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("t5", 2), tmp_path / "endless")
    edit_json(folder / "tokenizer_config.json", model_max_length=None)
    assert describe(folder).max_tokens is None
    tokenizer = load_here(folder).tokenizer
    reading = tokenizer.read("dull " * 20_000)
    assert len(reading.tokens) == tokenizer.limit == limits.UNSTATED_LIMIT
    assert reading.total > 20_000


# --------------------------------------------------------------------------------------------- places


def test_a_built_ins_name_comes_before_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nano-sentiment").mkdir()
    monkeypatch.chdir(tmp_path)
    assert locate("nano-sentiment").source == "built-in"
    assert locate("./nano-sentiment").source == "folder"


def test_a_folder_comes_before_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("owner/name").folder == tmp_path / "owner" / "name"
    assert locate("~/owner/name").folder == tmp_path / "owner" / "name"
    assert locate(" owner/other ").source == "hub"
    assert locate("owner/other").folder is None


def test_a_linked_folder_is_called_by_the_link(tmp_path: Path) -> None:
    (tmp_path / "9f3c").mkdir()
    (tmp_path / "my model").symlink_to(tmp_path / "9f3c")
    place = locate(str(tmp_path / "my model"))
    assert place.name == "my model"
    assert place.folder == (tmp_path / "9f3c").resolve()


@pytest.mark.parametrize("reference", ["", "./x", "../x", "~/x", "/x", "a b", "a/b/c", "a--b", "ü/x", "\x00"])
def test_what_can_be_no_checkpoint_is_refused(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "one" / "two"
    empty.mkdir(parents=True)
    monkeypatch.chdir(empty)
    with pytest.raises(EngineError) as raised:
        locate(reference)
    assert raised.value.failure.hint


def test_the_cache_is_used_when_it_is_complete(cache: Path, tiny: TinyFolder) -> None:
    snapshot = put_into_cache(cache, "owner/name", tiny("bert", 3))
    assert locate("owner/name").folder == snapshot
    assert locate("owner/name", "main").folder == snapshot
    assert locate("owner/name", COMMIT).folder == snapshot
    assert locate("owner/name", "v2").folder is None
    assert locate("owner/name", f"../snapshots/{COMMIT}").folder is None
    (snapshot / "model.safetensors").resolve().unlink()
    assert locate("owner/name").folder is None


# -------------------------------------------------------------------------------------------- listing


def references() -> list[str]:
    return [checkpoint.reference for checkpoint in listing.checkpoints(TASK)]


def test_with_an_empty_cache_the_built_ins_are_listed(cache: Path) -> None:
    assert references() == list(catalogue.built_in_names(TASK))
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("not a folder")
    assert references() == list(catalogue.built_in_names(TASK))


def test_what_serves_comes_first_and_what_is_broken_says_why(cache: Path, tiny: TinyFolder) -> None:
    put_into_cache(cache, "a/masked", tiny("bert", head="MaskedLM"))
    put_into_cache(cache, "b/good", tiny("roberta", 3))
    put_into_cache(cache, "plain", tiny("gpt2", 3))
    broken = put_into_cache(cache, "c/broken", tiny("bert", 3))
    (broken / "model.safetensors").resolve().unlink()
    garbled = put_into_cache(cache, "d/garbled", tiny("bert", 2))
    (garbled / "config.json").resolve().write_text("{")
    listed = {checkpoint.reference: checkpoint for checkpoint in listing.checkpoints(TASK)}
    built_in = list(catalogue.built_in_names(TASK))
    assert list(listed) == [*built_in, "b/good", "plain", "a/masked", "c/broken", "d/garbled"]
    assert listed["a/masked"].note == "BertForMaskedLM has no classification head"
    assert "weights are missing" in listed["c/broken"].note
    assert listed["d/garbled"].note == "the config can't be read"
    assert [listed[name].serves for name in listed] == [True] * (len(built_in) + 2) + [False] * 3


def remove_refs(cache: Path) -> None:
    shutil.rmtree(cache / "models--x--y" / "refs")


def remove_snapshots(cache: Path) -> None:
    shutil.rmtree(cache / "models--x--y" / "snapshots")


def empty_the_snapshot(cache: Path) -> None:
    for file in (cache / "models--x--y" / "snapshots" / COMMIT).iterdir():
        file.unlink()


def scramble_refs(cache: Path) -> None:
    (cache / "models--x--y" / "refs" / "main").write_bytes(b"\xff\x00")


def keep_only_a_file(cache: Path) -> None:
    shutil.rmtree(cache / "models--x--y")
    (cache / "models--x--y").write_text("")


@pytest.mark.parametrize(
    "damage",
    [remove_refs, remove_snapshots, empty_the_snapshot, scramble_refs, keep_only_a_file],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_cache_costs_only_its_entry(
    cache: Path, tiny: TinyFolder, damage: Callable[[Path], None]
) -> None:
    put_into_cache(cache, "x/y", tiny("bert", 3))
    put_into_cache(cache, "z/good", tiny("bert", 3))
    damage(cache)
    assert references() == [*catalogue.built_in_names(TASK), "z/good"]


def test_models_without_text_are_not_listed(cache: Path, tiny: TinyFolder, tmp_path: Path) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "config.json").write_text(
        '{"architectures": ["ViTForImageClassification"], "model_type": "vit"}'
    )
    put_into_cache(cache, "an/image-model", folder)
    (cache / "datasets--a--b" / "snapshots").mkdir(parents=True)
    assert references() == list(catalogue.built_in_names(TASK))


# ------------------------------------------------------------------------------------------ catalogue


def test_every_built_in_serves_the_task_it_is_listed_for() -> None:
    assert catalogue.built_in_names(TASK)[:1] == ("nano-sentiment",)
    for task in TASKS:
        for name in catalogue.built_in_names(task):
            place = locate(name)
            assert place.folder is not None
            checkpoint = facts.describe(place, place.folder, task)
            assert checkpoint.serves, checkpoint.note
            assert hub_cache.is_complete(place.folder)
    assert catalogue.built_in_names("poetry") == ()
    assert catalogue.built_in_folder("../models") is None
