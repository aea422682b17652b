"""The tokenizer shown for a folder is the one that its model uses, and its bare file is told beside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from transformers import AutoTokenizer

from tests.engine.tokenization.folders import TEXTS, write_folder
from tests.engine.tokenization.test_python_stages import special_as_read, special_as_told
from tests.engine.tokenization.trained import written
from tui.engine.errors import EngineError
from tui.engine.tokenization.looked_at import LookedAt, told_beside
from tui.engine.tokenization.opening import open_tokenizer

ROOT = Path(__file__).parents[3]
NUMBERS = "one two three four five six seven eight nine ten"


def looked_at(folder: Path) -> LookedAt:
    return LookedAt(open_tokenizer(str(folder)))


def sentiment(folder: Path, **settings: Any) -> Path:
    """A copy of nano-sentiment with other settings of its tokenizer."""
    built_in = ROOT / "tui" / "models" / "nano-sentiment"
    for name in ("tokenizer.json", "config.json"):
        shutil.copy(built_in / name, folder)
    stated = json.loads((built_in / "tokenizer_config.json").read_text(encoding="utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps(stated | settings))
    return folder


@pytest.mark.parametrize("seed", range(24))
def test_random_folders(seed: int, tmp_path: Path) -> None:
    settings = write_folder(tmp_path, seed)
    subject = looked_at(tmp_path)
    file = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    file.no_padding()
    try:
        reference = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    except Exception:  # noqa: BLE001 - the library refuses in many ways
        assert "transformers makes no tokenizer" in subject.facts.notes[0], settings
        return
    limit = subject.tokenizer.limit
    for text in TEXTS:
        try:
            ids = reference(text, truncation=limit is not None, max_length=limit)["input_ids"]
        except Exception:  # noqa: BLE001 - as above
            with pytest.raises(EngineError):
                subject.tokenizer.read(text)
            continue
        alone, bare = subject.alone(text), file.encode(text).ids
        assert list(subject.tokenizer.read(text).ids) == ids, (settings, text)
        assert subject.tokenizer.decode(ids) == reference.decode(ids), (settings, text)
        assert (alone is None) == (bare == ids), (settings, text)
        assert special_as_told(subject.tokenizer, text) == special_as_read(subject.tokenizer, text), settings
        if alone is not None:
            assert (list(alone.ids), alone.total) == (bare[:200], len(bare)), (settings, text)


def test_where_the_text_is_cut(tmp_path: Path) -> None:
    subject = looked_at(sentiment(tmp_path, truncation_side="left", model_max_length=8))
    read = subject.tokenizer.read(NUMBERS)
    assert [token.text for token in read.tokens] == ["[CLS]", *NUMBERS.split()[-6:], "[SEP]"]
    alone = subject.alone(NUMBERS)
    assert alone is not None
    assert (alone.stage, list(alone.tokens)) == ("truncation", ["[CLS]", *NUMBERS.split(), "[SEP]"])
    assert "at most 8 tokens" in " ".join(subject.facts.notes)
    assert subject.alone("one") is None
    assert "another truncation" in " ".join(told_beside([subject], "one"))


@pytest.mark.parametrize(
    ("kind", "settings", "text", "stage"),
    [
        ("wordpiece", {"additional_special_tokens": ["<new>"]}, "the <new> cat", "added tokens"),
        ("wordpiece", {"split_special_tokens": True, "sep_token": "[SEP]"}, "the [SEP] cat", "added tokens"),
        ("wordpiece", {"tokenizer_class": "BertTokenizer", "do_lower_case": False}, "The café", "normalizer"),
        (
            "byte-level-bpe",
            {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True},
            "the",
            "pre-tokenizer",
        ),
        ("unigram", {"tokenizer_class": "T5Tokenizer", "unk_token": "<unk>"}, "the cat", "post-processor"),
    ],
)
def test_the_stage_where_they_part(
    kind: str, settings: dict[str, Any], text: str, stage: str, tmp_path: Path
) -> None:
    (tmp_path / "tokenizer.json").write_text(written(kind), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    alone = looked_at(tmp_path).alone(text)
    assert alone is not None
    assert alone.stage == stage
    assert f"from the {stage} on" in alone.sentence


def test_a_bare_file_stays_the_bare_file(tmp_path: Path) -> None:
    folder = sentiment(tmp_path, truncation_side="left", model_max_length=8)
    subject = looked_at(folder / "tokenizer.json")
    assert len(subject.tokenizer.read(NUMBERS).ids) == 12
    assert subject.alone(NUMBERS) is None
    assert subject.facts.notes == ()


def test_what_a_bare_file_asks_for_and_is_not_done_is_said(tmp_path: Path) -> None:
    file = json.loads(written("wordpiece"))
    file["truncation"] = {"direction": "Left", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
    file["padding"] = {
        "strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]",
    }  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(file))
    cut, padded = looked_at(tmp_path / "tokenizer.json").facts.notes
    assert "at their beginning to 5 tokens" in cut
    assert "“[PAD]” to 12 tokens" in padded


def test_a_text_that_is_cut_is_whole_in_the_file(tmp_path: Path) -> None:
    subject = looked_at(sentiment(tmp_path, model_max_length=6))
    assert subject.facts.notes == ()
    alone = subject.alone(NUMBERS)
    assert alone is not None
    assert (alone.stage, alone.total) == ("truncation", 12)


def test_a_folder_needs_no_torch(tmp_path: Path) -> None:
    sentiment(tmp_path, truncation_side="left", model_max_length=8)
    program = (
        "import sys; from tui.engine import runtime; runtime.leave_torch_out();"
        "from tui.engine.tokenization.opening import open_tokenizer;"
        f"print(*open_tokenizer({str(tmp_path)!r}).tokenizer.read({NUMBERS!r}).ids);"
        "assert not any(name.startswith('torch.') for name in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reference = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    ids = reference(NUMBERS, truncation=True)["input_ids"]
    assert done.stdout.split() == [str(index) for index in ids]
