"""The baseline: VADER's own rules, run from the source archive without installing it."""

import importlib.util
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from tui.training.sentiment.snippets import read_member
from tui.training.sources import SourceError

_FILES = ("vaderSentiment.py", "vader_lexicon.txt", "emoji_utf8_lexicon.txt")


def compound_scores(archive_path: Path, texts: Sequence[str]) -> list[float]:
    """Return VADER's compound score (-1..1, 0 when no rule fires) of each text.

    The module and its two lexicons are laid into a temporary folder, because the analyzer looks for them beside
    its own file. Raises SourceError when the archive holds no such module.
    """
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive_path) as archive:
            for file in _FILES:
                # A member's file name alone could also match the older copy in the inner data set.
                Path(folder, file).write_bytes(read_member(archive, f"/vaderSentiment/{file}"))
        spec = importlib.util.spec_from_file_location("vader_baseline", Path(folder, _FILES[0]))
        if spec is None or spec.loader is None:
            raise SourceError(f"{archive_path} holds no importable {_FILES[0]}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        analyzer = module.SentimentIntensityAnalyzer()
        return [cast("float", analyzer.polarity_scores(text)["compound"]) for text in texts]
