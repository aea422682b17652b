"""Reads the translations of programs: gettext catalogues (.mo files) out of Debian packages.

The format is that of the GNU gettext manual, "The Format of GNU MO Files": two tables of (length, offset),
one for the English texts and one for the translations, in the same order.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from tui.training.sources import SourceError
from tui.training.texts.packages import package_files

_MAGICS = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}
_CONTEXT_END = "\x04"
_PLURAL_END = "\x00"
_ACCELERATOR = re.compile(r"[_&~](?=\w)")
# Placeholders, markup, paths and code: nothing a sentence is made of.
_CODE = re.compile(r"[%{}<>$\\@|#=_~^*/`&]|\.\.\S|--|://|\w\.\w{2,}\b|\t")


def read_catalogues(package: Path, language: str) -> list[tuple[str, str]]:
    """Return the (English, translated) texts of all catalogues of a language in a Debian package.

    `language` is a code as `fr`. Raises SourceError when there are none.
    """
    pattern = rf"(/{language}(_[A-Z]+)?/LC_MESSAGES/[^/]+|{language}_{language.upper()})\.mo$"
    pairs: list[tuple[str, str]] = []
    for name, content in package_files(package, pattern):
        pairs += read_catalogue(content, name)
    if not pairs:
        raise SourceError(f"{package} holds no catalogue of the language {language}")
    return pairs


def read_catalogue(content: bytes, name: str) -> Iterator[tuple[str, str]]:
    """Yield the (English, translated) texts of a catalogue; of a plural, its first and its last form.

    `name` is what an error calls it. Raises SourceError when the bytes are no catalogue in UTF-8.
    """
    try:
        order = _MAGICS[content[:4]]
        count, english_at, translated_at = struct.unpack_from(f"{order}3I", content, 8)
        for index in range(count):
            english = _string(content, order, english_at + 8 * index)
            translated = _string(content, order, translated_at + 8 * index)
            if not english or not translated:
                continue  # the empty text's translation is the header
            forms = english.rpartition(_CONTEXT_END)[2].split(_PLURAL_END)
            translations = translated.split(_PLURAL_END)
            yield forms[0], translations[0]
            if len(forms) > 1 and len(translations) > 1:
                yield forms[1], translations[-1]
    except (KeyError, struct.error, UnicodeDecodeError) as error:
        raise SourceError(f"{name} is no gettext catalogue in UTF-8: {error!r}") from error


def plain_text(text: str) -> str | None:
    r"""Return a text of a program as people see it, or None when code is part of it.

    The sign before the letter that opens a menu entry (`_` GTK, `&` Qt, `~` LibreOffice) is left out; blank
    lines still part paragraphs, other line breaks become spaces.

    >>> plain_text("_Save as\na copy…"), plain_text("%d files in {folder}")
    ('Save as a copy…', None)
    """
    blocks = (" ".join(block.split()) for block in re.split(r"\n\s*\n", text))
    plain = _ACCELERATOR.sub("", "\n\n".join(block for block in blocks if block), count=1)
    return None if _CODE.search(plain) else plain


def _string(content: bytes, order: str, entry: int) -> str:
    length, offset = struct.unpack_from(f"{order}2I", content, entry)
    return content[offset : offset + length].decode("utf-8")
