"""Stand-ins for the sources of French and English texts: same file names and layout, made-up content."""

import io
import struct
import tarfile
from pathlib import Path

from tests.training.conftest import add_file
from tui.training.sources import FRENCH_CATALOGUES

NOUNS = {
    "éditeur": "editor",
    "fichier": "file",
    "jeu": "game",
    "outil": "tool",
    "serveur": "server",
    "joueur": "player",
    "livre": "book",
}
ADJECTIVES = {"petit": "small", "rapide": "fast", "libre": "free", "rouge": "red", "utile": "useful"}
_TOP = "stand-in_debian_dists_bookworm_main"


def name_of(number: int) -> str:
    """Return a name of letters alone, another for each number."""
    letters = ""
    while number:
        number, digit = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[digit] + "aeiou"[digit % 5]
    return letters.capitalize() or "Zero"


def sentence_pair(number: int) -> tuple[str, str]:
    """Return a French sentence and its translation; no two are near-duplicates, for the names differ."""
    noun, other = (list(NOUNS)[number * step % len(NOUNS)] for step in (1, 3))
    adjective = list(ADJECTIVES)[number % len(ADJECTIVES)]
    names = [name_of(1000 + 7 * number + at) for at in range(3)]
    return (
        f"Le {noun} {adjective} de {names[0]} et {names[1]} est un {other} pour {names[2]}.",
        f"The {ADJECTIVES[adjective]} {NOUNS[noun]} of {names[0]} and {names[1]}"
        f" is a {NOUNS[other]} for {names[2]}.",
    )


def write_descriptions(folder: Path, count: int) -> None:
    """Write the package index and the descriptions of `count` packages in both languages."""
    packages, english, french = [], [], []
    for number in range(count):
        first, second = sentence_pair(2 * number), sentence_pair(2 * number + 1)
        package, noun = f"Package: pack{number}\n", list(NOUNS)[number % len(NOUNS)]
        name = name_of(50_000 + number)
        packages.append(f"{package}Source: source{number // 2}\nSection: net\n")
        head = f"{package}Description-md5: {number}\n"
        english.append(f"{head}Description-en: {NOUNS[noun]} of {name}\n {first[1]}\n .\n {second[1]}\n")
        french.append(f"{head}Description-fr: {noun} de {name}\n {first[0]}\n .\n {second[0]}\n")
    (folder / f"{_TOP}_binary-amd64_Packages").write_text("\n".join(packages), encoding="utf-8")
    (folder / f"{_TOP}_i18n_Translation-en").write_text("\n".join(english), encoding="utf-8")
    (folder / f"{_TOP}_i18n_Translation-fr").write_text("\n".join(french), encoding="utf-8")


def catalogue(messages: dict[str, str], order: str = "<") -> bytes:
    """Return a .mo file: the tables of the GNU gettext manual, sorted as msgfmt sorts."""
    entries = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    tables, texts = [b"", b""], b""
    first_text = 28 + 16 * len(entries)
    for side in (0, 1):
        for entry in entries:
            encoded = entry[side].encode()
            tables[side] += struct.pack(f"{order}2I", len(encoded), first_text + len(texts))
            texts += encoded + b"\0"
    header = struct.pack(f"{order}7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0)
    return header + tables[0] + tables[1] + texts


def write_package(path: Path, files: dict[str, bytes]) -> Path:
    """Write a Debian package that holds the files."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        for name, content in files.items():
            add_file(archive, name, content)
    packed = b"!<arch>\n"
    members = {b"debian-binary": b"2.0\n", b"control.tar.xz": b"odd", b"data.tar.xz": inner.getvalue()}
    for member, content in members.items():
        header = member.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        packed += (
            header + str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)
        )
    path.write_bytes(packed)
    return path


def write_french(folder: Path, descriptions: int = 150, messages: int = 8) -> Path:
    """Write everything that `read_corpus` of the translation reads; return the folder."""
    write_descriptions(folder, descriptions)
    for index, source in enumerate(FRENCH_CATALOGUES):
        pairs = [sentence_pair(100_000 + index * messages + at) for at in range(messages)]
        content = catalogue({english: french for french, english in pairs})
        write_package(
            folder / source.file.replace("*", "1.0_all"), {"./usr/share/locale/fr/LC_MESSAGES/it.mo": content}
        )
    return folder
