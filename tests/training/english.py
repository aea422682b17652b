"""Stand-ins for the sources of English texts: same file names and layout, made-up content that can be learned."""

import io
import tarfile
from pathlib import Path

from tests.training.conftest import add_file, domain_table, write_archive, write_wheel
from tui.training.sentiment.snippets import DOMAIN_FILES

SECTIONS = {
    "games": ("game", "player", "score", "levels"),
    "sound": ("music", "audio", "song", "volume"),
    "mail": ("mail", "letters", "inbox", "sender"),
    "graphics": ("image", "pictures", "colors", "pixels"),
    "science": ("physics", "particles", "energy", "atoms"),
}
_FRAMES = (
    "This program shows the {0} to every {1} and keeps the {2} of the {3} on disk, with {names}.",
    "It reads the {3} quickly, counts each {2} and draws the {0} beside the {1}, unlike {names}.",
    "Authors of {names} like the {1}, the {2} and also the {0} when the {3} are small.",
)
_KINDS = ("animal", "plant", "vessel", "garment")


def write_debian(folder: Path, count: int = 200) -> None:
    """Write the package index and the English descriptions of `count` packages, no two alike."""
    packages, english = [], []
    for number in range(count):
        section, words = list(SECTIONS.items())[number % len(SECTIONS)]
        turned = [words[(number // 5 + at) % 4] for at in range(4)]
        # Names of its own keep a description from being a near-duplicate of the next.
        names = [" and ".join(f"n{number}x{at}x{more}" for more in range(5)) for at in range(3)]
        text = "\n .\n ".join(
            frame.format(*turned, names=own) for frame, own in zip(_FRAMES, names, strict=True)
        )
        name = f"tool{number}"
        packages.append(f"Package: {name}\nSource: source{number // 2}\nSection: {section}\n")
        english.append(
            f"Package: {name}\nDescription-md5: {number}\nDescription-en: {turned[0]} tool{number}\n {text}\n"
        )
    top = "stand-in_debian_dists_bookworm_main"
    (folder / f"{top}_binary-amd64_Packages").write_text("\n".join(packages))
    (folder / f"{top}_i18n_Translation-en").write_text("\n".join(english))


def wordnet_lines() -> dict[str, list[str]]:
    """Return the lines of each data file: four general nouns, forty kinds of each, some words of other speech."""
    nouns = [
        f"{index + 1:08d} 06 n 01 {kind} 0 000 | any {kind} whatsoever" for index, kind in enumerate(_KINDS)
    ]
    for number in range(160):
        general = number % 4
        nouns.append(
            f"{number + 100:08d} 06 n 02 {_KINDS[general]}{number} 0 thing{number} 1 002"
            f" @ {general + 1:08d} n 0000 ;c 00000001 n 0000"
            f' | a {_KINDS[general]} of number{number} found in region{number}; "she saw one at place{number}"'
        )
    return {
        "noun": nouns,
        "verb": ['00000001 30 v 01 move 0 000 01 + 02 00 | change place; "it moved"'],
        "adj": ['00000001 00 s 01 big(p) 0 000 | of great size; "a big house"'],
        "adv": ["00000001 02 r 01 fast 0 000 | with speed"],
    }


def write_wordnet(folder: Path) -> Path:
    """Write a Debian package with the four data files."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        for speech, lines in wordnet_lines().items():
            text = "\n".join(["  1 a notice of copyright", *lines]) + "\n"
            add_file(archive, f"./usr/share/wordnet/data.{speech}", text.encode())
    content = b"!<arch>\n"
    for name, member in ((b"debian-binary", b"2.0\n"), (b"data.tar.xz", inner.getvalue())):
        header = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        content += header + str(len(member)).encode().ljust(10) + b"`\n" + member + b"\n" * (len(member) % 2)
    path = folder / "wordnet-base_1%3a3.0-37_all.deb"
    path.write_bytes(content)
    return path


def write_english(folder: Path) -> Path:
    """Write everything that `read_english` reads, and the wheel of the teacher; return the folder."""
    write_debian(folder)
    write_wordnet(folder)
    tables = {domain: domain_table(domain) for domain in DOMAIN_FILES}
    write_archive(folder, tables)
    write_wheel(folder, list(tables.values()))
    return folder
