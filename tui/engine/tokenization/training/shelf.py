"""The tokenizers that were trained here, and those that an engine before this one trained."""

from __future__ import annotations

import tempfile
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tui.engine.errors import EngineError
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.engine.tokenization.training.running import Report, train
from tui.protocol.microscope.training import Recipe

PREFIX = "trained:"
"""What their references begin with."""
MOST_BYTES = 16 * 1024 * 1024
"""Compressed: what is larger does not leave its engine."""
_MOST_OPENED_BYTES = 1024 * 1024 * 1024
_FILE = "tokenizer.json"


class Shelf:
    """Opened tokenizers by their references, and packed ones that nobody has asked for yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[str, OpenTokenizer] = {}
        self._packed: dict[str, bytes] = {}

    def train(self, recipe: Recipe, report: Report, check: Callable[[], None]) -> tuple[OpenTokenizer, bytes]:
        """Train one; it and its packed tokenizer.json, which is empty where that is too large.

        Raises as `running.train` does.
        """
        with tempfile.TemporaryDirectory(prefix="logitscope-") as folder:
            target = Path(folder) / _FILE
            train(recipe, target, report, check)
            opened = open_tokenizer(str(target))
            packed = zlib.compress(target.read_bytes(), 1)
        with self._lock:
            known = (
                int(each.removeprefix(PREFIX).partition("-")[0]) for each in {**self._opened, **self._packed}
            )
            reference = f"{PREFIX}{max(known, default=0) + 1}-{recipe.algorithm}"
            opened = self._opened[reference] = replace(opened, reference=reference, name=reference)
        return opened, packed if len(packed) <= MOST_BYTES else b""

    def bring(self, packed: Mapping[str, bytes]) -> None:
        """Take over what an engine before this one trained: reference → packed tokenizer.json."""
        with self._lock:
            self._packed.update(packed)

    def find(self, reference: str) -> OpenTokenizer:
        """A tokenizer by its reference. Raises EngineError where it is not here."""
        with self._lock:
            opened, packed = self._opened.get(reference), self._packed.get(reference)
            if opened is None and packed is not None:
                opened = self._opened[reference] = _unpacked(reference, packed)
        if opened is None:
            raise EngineError(
                "This tokenizer is gone",
                f"{reference} was trained in an engine that has ended since.",
                "Train it again; a saved one can be opened by its path.",
            )
        return opened


def _unpacked(reference: str, packed: bytes) -> OpenTokenizer:
    with tempfile.TemporaryDirectory(prefix="logitscope-") as folder:
        target = Path(folder) / _FILE
        target.write_bytes(zlib.decompressobj().decompress(packed, _MOST_OPENED_BYTES))
        return replace(open_tokenizer(str(target)), reference=reference, name=reference)
