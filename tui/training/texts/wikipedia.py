"""Reads the prose out of a dump of Wikipedia: paragraphs of whole sentences, without markup, tables and notes."""

import bz2
import html
import re
from typing import Any
from xml.etree import ElementTree

from tui.training.sources import SourceError

_LAST_SECTIONS = re.compile(
    r"^==+\s*(?:See also|References|Notes|Footnotes|Bibliography|Further reading|External links|Sources|"
    r"Citations|Works cited)\s*==+.*",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NOTE = re.compile(r"<ref[^>/]*/>|<ref[^>]*>.*?</ref>", re.DOTALL | re.IGNORECASE)
_FIGURE = re.compile(
    r"<(math|gallery|timeline|table|source|score|syntaxhighlight|code|blockquote)\b[^>]*>.*?</\1>",
    re.DOTALL | re.IGNORECASE,
)
_TABLE = re.compile(r"\{\|(?:(?!\{\||\|\}).)*\|\}", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")
_LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_OUTER_LINK = re.compile(r"\[(?:https?|ftp)?:?//[^\s\]]+\s*([^\]]*)\]")
_MEDIA = re.compile(r"^:?\s*(?:file|image|category|[a-z]{2,3}(?:-[a-z]+)?)\s*:", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]+>")
_EMPTY_BRACKETS = re.compile(r"\s*\(\s*[;,:\s]*\)")
_LEADING_IN_BRACKETS = re.compile(r"\(\s*[;,]\s*")
_SPACE_BEFORE_SIGN = re.compile(r" +([,.;:])")
_NO_PROSE = tuple("*#:;|!={}[<")
_MINIMUM_CHARACTERS = 100


def read_articles(dump: bytes) -> dict[str, tuple[str, ...]]:
    """Return the paragraphs of each article by its title, redirects and lists left out.

    `dump` is the bzip2 file of `pages-articles.xml`, which may end in the middle of a page. Raises SourceError when
    there is no article in it.
    """
    articles: dict[str, tuple[str, ...]] = {}
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(["end"])
    try:
        parser.feed(bz2.decompress(dump))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise SourceError(f"the dump of Wikipedia can't be read: {error}") from error
    for event in parser.read_events():
        element = event[-1]
        if isinstance(element, ElementTree.Element) and element.tag.rpartition("}")[2] == "page":
            title = element.findtext("{*}title") or ""
            markup = element.findtext("{*}revision/{*}text") or ""
            is_article = element.findtext("{*}ns") == "0" and not title.startswith("List of")
            if is_article and not markup.lstrip().lower().startswith("#redirect"):
                paragraphs = prose(markup)
                if paragraphs:
                    articles[title] = paragraphs
    if not articles:
        raise SourceError("the dump of Wikipedia holds no article")
    return articles


def prose(markup: str) -> tuple[str, ...]:
    """Return the paragraphs of whole sentences, the sections after the article proper left out.

    >>> prose("'''Ada''' was {{nowrap|a [[poet|writer]]}}<ref>x</ref> of [[London]]." + " She is dead." * 8)[0][:40]
    'Ada was a writer of London. She is dead.'
    """
    text = _COMMENT.sub("", markup)
    text = _LAST_SECTIONS.sub("", text)
    text = _FIGURE.sub("", _NOTE.sub("", text))
    for pattern, replacement in ((_LINK, _label), (_TEMPLATE, _template), (_TABLE, "")):
        # Innermost first: templates and links stand inside one another.
        while True:
            text, replaced = pattern.subn(replacement, text)
            if not replaced:
                break
    text = _OUTER_LINK.sub(r"\1", text).replace("'''", "").replace("''", "")
    text = html.unescape(_TAG.sub("", text)).replace("\xa0", " ")
    text = _LEADING_IN_BRACKETS.sub("(", _EMPTY_BRACKETS.sub("", text))
    lines = (_SPACE_BEFORE_SIGN.sub(r"\1", " ".join(line.split())) for line in text.splitlines())
    return tuple(
        line
        for line in lines
        if len(line) >= _MINIMUM_CHARACTERS and not line.startswith(_NO_PROSE) and line[-1] in '.!?"'
    )


def _template(match: re.Match[str]) -> str:
    name, *fields = [part.strip() for part in match[1].split("|")]
    kind = name.lower()
    if kind in ("convert", "cvt") and len(fields) > 1:
        return f"{fields[0]} {fields[1]}"
    if kind in ("nowrap", "nobr", "small", "abbr", "lang", "transl", "transliteration") and fields:
        return fields[-1] if kind != "abbr" else fields[0]
    return ""


def _label(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if _MEDIA.match(target):
        return ""
    return label.rpartition("|")[2] or target
