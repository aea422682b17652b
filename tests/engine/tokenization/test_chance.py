"""Tokenizers that leave something to chance say so wherever their tokens are told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.engine.conftest import load_here
from tests.engine.tokenization.staged import sentencepiece_model
from tests.engine.tokenization.test_python_stages import with_sentencepiece
from tests.engine.tokenization.trained import written
from tui import catalogue, cli
from tui.engine.tokenization import chance
from tui.engine.tokenization.looked_at import LookedAt, told_beside
from tui.engine.tokenization.opening import open_tokenizer

TEXT = "This package contains"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint whose tokenizer drops merges."""
    built_in = catalogue.built_in_folder("nano-generation")
    assert built_in is not None
    copied = Path(shutil.copytree(built_in, tmp_path / "dropping"))
    file = json.loads((copied / "tokenizer.json").read_text(encoding="utf-8"))
    file["model"]["dropout"] = 0.5
    (copied / "tokenizer.json").write_text(json.dumps(file), encoding="utf-8")
    return copied


def test_its_notes_say_so_for_a_folder_and_for_a_file(folder: Path) -> None:
    for reference in (folder, folder / "tokenizer.json"):
        subject = LookedAt(open_tokenizer(str(reference)))
        assert "BPE-dropout of 0.5" in " ".join(subject.facts.notes)
        assert "dropping: BPE-dropout of 0.5" in " ".join(told_beside([subject], TEXT)).replace(
            "/tokenizer.json", ""
        )
    assert LookedAt(open_tokenizer("nano-generation")).facts.notes == ()


def test_dropout_of_zero_leaves_nothing_to_chance(tmp_path: Path) -> None:
    file = json.loads(written("bpe"))
    file["model"]["dropout"] = 0.0
    (tmp_path / "tokenizer.json").write_text(json.dumps(file))
    assert chance.told(open_tokenizer(str(tmp_path / "tokenizer.json")).tokenizer) == ""


def test_the_model_that_uses_it_says_so(folder: Path) -> None:
    assert "BPE-dropout of 0.5" in load_here(folder, task="text-generation").note


@pytest.mark.parametrize(
    "command",
    [
        ("tokenize", "--json", "--model"),
        ("tokenize", "--model"),
        ("tokenize", "--compare", "nano-generation"),
        ("run", "text-generation", "--json", "--max-new-tokens", "1", "--model"),
        ("run", "text-generation", "--json", "--steps", "1", "--model"),
    ],
    ids=" ".join,
)
def test_commands_say_so(folder: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, str(folder), "--", TEXT]) == 0
    assert "BPE-dropout of 0.5" in capsys.readouterr().out


def test_sampling_in_python_says_so(tmp_path: Path) -> None:
    file = tmp_path / "spiece.model"
    file.write_bytes(sentencepiece_model())
    sampling = {"enable_sampling": True, "nbest_size": -1, "alpha": 0.1}
    drawn = with_sentencepiece(file, sp_model_kwargs=sampling)
    assert "SentencePiece's sampling" in chance.told(drawn)
    assert len({tuple(drawn.read("the cat sat on the mat").ids) for _ in range(50)}) > 1
    assert chance.told(with_sentencepiece(file)) == ""
