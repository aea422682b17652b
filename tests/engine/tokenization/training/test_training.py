"""Training a tokenizer: the library's own results, progress, cancelling, and texts that can't be learned from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import tokenizers
from tokenizers import trainers

from tests.checkpoints import CORPUS
from tui.engine.errors import Abandoned, EngineError
from tui.engine.tokenization.training.running import train
from tui.protocol.microscope.training import ALGORITHMS, Algorithm, Recipe

TEXT = "\n".join(CORPUS) * 3
LATIN = "Nobody laughed at the dull film."


def quiet(stage: str, done: int, total: int) -> None:
    """Nobody listens."""


def trained(recipe: Recipe, folder: Path) -> tokenizers.Tokenizer:
    target = folder / "tokenizer.json"
    train(recipe, target, quiet, lambda: None)
    return tokenizers.Tokenizer.from_file(str(target))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_learns_and_is_loaded_again(algorithm: Algorithm, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    target = tmp_path / "tokenizer.json"
    recipe = Recipe(algorithm, 300, text=TEXT)
    train(recipe, target, lambda *facts: told.append(facts), lambda: None)
    tokenizer = tokenizers.Tokenizer.from_file(str(target))
    size = tokenizer.get_vocab_size()
    assert 20 < size <= 300
    assert any(stage == "learning" for stage, _, _ in told)
    assert all(0 <= done <= total or total == 0 for _, done, total in told)
    ids = tokenizer.encode(TEXT, add_special_tokens=False).ids
    assert max(ids) < size
    assert len(set(ids)) > 10
    if algorithm in ("byte-level-bpe", "character"):
        assert tokenizer.decode(ids) == TEXT


@pytest.mark.parametrize("algorithm", ["bpe", "byte-level-bpe", "wordpiece"])
def test_merges_are_told_one_by_one(algorithm: Algorithm, tmp_path: Path) -> None:
    stages = []
    train(
        Recipe(algorithm, 400, text=TEXT),
        tmp_path / "tokenizer.json",
        lambda stage, done, total: stages.append((stage, done, total)),
        lambda: None,
    )
    merges = [(done, total) for stage, done, total in stages if stage == "compute merges"]
    learned = [done for done, _ in merges]
    assert learned[-1] > 100
    assert learned == sorted(learned)
    assert all(total in (400, learned[-1]) for _, total in merges), (
        "asked for, and at the end what it came to"
    )


def test_wordpiece_learns_as_the_library_does(tmp_path: Path) -> None:
    """The library's WordPiece trainer is a BPE trainer of these settings; ties fall differently at each run."""
    settings: dict[str, Any] = {"vocab_size": 300, "min_frequency": 2, "special_tokens": ["[UNK]", "[CLS]"]}
    theirs = json.loads(trainers.WordPieceTrainer(**settings).__getstate__())["WordPieceTrainer"]
    same = trainers.BpeTrainer(**settings, continuing_subword_prefix="##")
    assert theirs["bpe_trainer"] == json.loads(same.__getstate__())["BpeTrainer"]
    ours = trained(Recipe("wordpiece", 300, text=TEXT, lowercase=True), tmp_path)
    encoding = ours.encode(LATIN)
    assert encoding.tokens[0] == "[CLS]"
    assert encoding.tokens[-1] == "[SEP]"
    assert ours.decode(encoding.ids) == LATIN.lower()
    vocabulary = ours.get_vocab()
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))


def test_a_file_and_a_folder_give_what_their_text_gives(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_text("\n".join(CORPUS), encoding="utf-8")
    (folder / "deeper" / "b.md").write_text("\n".join(CORPUS), encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG\x00\x01 laughed laughed laughed laughed")
    (folder / ".hidden").write_text("hidden hidden hidden", encoding="utf-8")
    from_folder = trained(Recipe("word", 5000, path=str(folder), least_frequency=1), tmp_path)
    from_text = trained(
        Recipe("word", 5000, text="\n".join(CORPUS) + "\n" + "\n".join(CORPUS), least_frequency=1), tmp_path
    )
    assert from_folder.get_vocab().keys() == from_text.get_vocab().keys()
    one = trained(Recipe("word", 5000, path=str(folder / "a.txt"), least_frequency=1), tmp_path)
    assert one.get_vocab().keys() == from_text.get_vocab().keys()


def workers(target: Path) -> list[psutil.Process]:
    """The processes that train a tokenizer into a file."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(target) in (process.info["cmdline"] or ())
    ]


def test_a_training_given_up_ends_its_process(tmp_path: Path) -> None:
    corpus = tmp_path / "large.txt"
    corpus.write_text("".join(f"w{number} x{number * 7919} " for number in range(400_000)), encoding="utf-8")
    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks > 5:
            raise Abandoned

    target = tmp_path / "tokenizer.json"
    with pytest.raises(Abandoned):
        train(Recipe("bpe", 900_000, path=str(corpus)), target, quiet, check)
    assert not target.exists()
    assert not workers(target)


def test_the_process_ends_with_the_engine(tmp_path: Path) -> None:
    corpus = tmp_path / "large.txt"
    corpus.write_text("".join(f"w{number} x{number * 7919} " for number in range(400_000)), encoding="utf-8")
    program = "tui.engine.tokenization.training.worker"
    with subprocess.Popen(
        [sys.executable, "-m", program, str(tmp_path / "t.json")],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as worker:
        assert worker.stdin is not None
        worker.stdin.write(msgspec.json.encode(Recipe("bpe", 900_000, path=str(corpus))) + b"\n")
        worker.stdin.close()  # what the end of the engine's process does
        assert worker.wait(120) == 1


def test_a_killed_process_is_told(tmp_path: Path) -> None:
    corpus = tmp_path / "large.txt"
    corpus.write_text("".join(f"w{number} x{number * 7919} " for number in range(400_000)), encoding="utf-8")
    target = tmp_path / "tokenizer.json"

    def kill() -> None:
        for worker in workers(target):
            worker.kill()

    with pytest.raises(EngineError) as failed:
        train(Recipe("bpe", 900_000, path=str(corpus)), target, quiet, kill)
    assert "-9" in failed.value.failure.detail


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (Recipe("bpe", 300), "no text"),
        (Recipe("bpe", 300, path="/nowhere/at/all"), "does not exist"),
        (Recipe("bpe", 3, text=TEXT), "3 entries"),
        (Recipe("byte-level-bpe", 256, text=TEXT), "256 bytes"),
        (Recipe("nonsense", 300, text=TEXT), "nonsense"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_in_words(recipe: Recipe, said: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as refused:
        trained(recipe, tmp_path)
    failure = refused.value.failure
    assert said in f"{failure.title} {failure.detail}"
    assert failure.hint


def test_binary_and_empty_files_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)) * 40)
    empty = tmp_path / "empty.txt"
    empty.touch()
    for path in (binary, empty):
        with pytest.raises(EngineError) as refused:
            trained(Recipe("bpe", 300, path=str(path)), tmp_path)
        assert str(path) in refused.value.failure.detail


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "text", ["a", "\x00\x01", "東", "😀👩‍👩‍👧", "[/INST] [CLS]", " \n\t", "\u202egnihton"]
)
def test_little_and_hostile_texts(algorithm: Algorithm, text: str, tmp_path: Path) -> None:
    """A tokenizer, or words about why there is none."""
    refused: list[str] = []
    try:
        trained(Recipe(algorithm, 300, text=text, least_frequency=1), tmp_path).encode(text)
    except EngineError as error:
        refused.append(error.failure.hint)
    assert not refused or (algorithm == "unigram" and refused[0])


def test_paths_are_looked_up_in_the_folder_of_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corpus.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "tokenizers.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert trained(Recipe("word", 300, path="corpus.txt"), tmp_path).get_vocab_size() > 20
