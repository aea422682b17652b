"""Every hostile checkpoint of attacks.md is told, harms nothing, and the same engine answers the next request."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import places
from tests.attacks.attack import Attack
from tests.attacks.catalogue import ALL
from tests.attacks.survival import Survivor, Told, problems

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder that is emptied at once: some attacks are files of a hundred megabytes."""
    yield tmp_path
    for entry in tmp_path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()  # to open a pipe, as rmtree does, is to wait for ever


def test_every_attack_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.name)
def test_an_attack_is_survived(attack: Attack, survivor: Survivor, place: Path) -> None:
    folder = attack.write(place)
    assert problems(attack, folder, survivor.run(attack, str(folder))) == []
    assert problems(attack.alone, folder, [survivor.tokenized(str(folder), attack.text)]) == []
    survivor.ready()


@pytest.mark.parametrize("base", ["classifier", "writer"])
def test_the_checkpoints_that_attacks_are_made_of_work(base: str, survivor: Survivor, place: Path) -> None:
    good = Attack("good", lambda _: None, "classifier" if base == "classifier" else "writer", refused=False)
    folder = good.write(place)
    assert problems(good, folder, survivor.run(good, str(folder))) == []
    assert problems(good, folder, [survivor.tokenized(str(folder), good.text)]) == []


def test_what_is_no_checkpoint_is_told(survivor: Survivor, place: Path) -> None:
    for name, reference in places.references(place).items():
        expected = Attack(name, lambda _: None, refused=True)
        told: list[Told] = [survivor.load(reference, expected.task)]
        assert problems(expected, place / "x", told) == [], name
        if reference.strip():  # an empty one stands for the checkpoint in use
            assert problems(expected, place / "x", [survivor.tokenized(reference, "a")]) == [], name
    survivor.ready()
