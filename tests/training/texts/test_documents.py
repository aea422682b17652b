import bz2
import os
import sys
from pathlib import Path

import pytest

from tests.training.named_documents import stand_in_spacy, write_document_sources
from tui.training.sources import FACTBOOK_WHEEL, SPACY_PIPELINE, SourceError
from tui.training.texts.annotation import annotate
from tui.training.texts.documents import (
    Document,
    prose_of_country,
    read_documents,
    split_documents,
    without_capitals,
)
from tui.training.texts.wikipedia import prose, read_articles


def silent(line: str) -> None:
    """Say nothing."""


def test_every_source_gives_its_kind_of_document(tmp_path: Path) -> None:
    write_document_sources(tmp_path)
    documents = read_documents(tmp_path)
    assert {document.kind for document in documents} == {"encyclopedia", "news", "editorials", "countries"}
    assert len({document.name for document in documents}) == len(documents)
    editorial = next(document for document in documents if document.kind == "editorials")
    assert len(editorial.paragraphs) == 4
    article = next(document for document in documents if document.kind == "encyclopedia")
    assert article.name == "encyclopedia: Article 0"
    assert "Not read" not in article.paragraphs[0]


def test_a_wheel_without_its_texts_is_refused(tmp_path: Path) -> None:
    write_document_sources(tmp_path)
    (tmp_path / FACTBOOK_WHEEL.file).write_bytes(b"no wheel")
    with pytest.raises(SourceError, match="does not hold what it should"):
        read_documents(tmp_path)


def test_documents_stay_whole_and_repeated_paragraphs_never_cross() -> None:
    documents = [
        Document(
            "news",
            f"news: {number}",
            (f"alpha{number} beta{number} gamma{number} delta.", "All the same here."),
        )
        for number in range(300)
    ]
    parts = split_documents(documents)
    assert 20 < len(parts["held_out"]) < 55
    assert 10 < len(parts["validation"]) < 40
    names = [document.name for members in parts.values() for document in members]
    assert sorted(names) == sorted(document.name for document in documents)
    assert {"All the same here."} == {document.paragraphs[-1] for document in parts["held_out"]}
    assert all(len(document.paragraphs) == 1 for document in [*parts["train"], *parts["validation"]])


def test_markup_is_taken_off_and_what_is_no_prose_is_left_out() -> None:
    markup = """{{Infobox person|name={{nowrap|Ada [[King|L.]]}}|born=1815}}
[[File:Ada.jpg|thumb|A [[portrait]] of Ada that is long enough to look like a sentence of the article, it seems.]]
'''Ada Lovelace'''<ref name="a">A note.</ref> ({{lang|en|Ada}}; born 1815) was an ''English'' [[mathematician]] and
* a list item that is long enough to look like a sentence of the article but is none of it, with a full stop.
[[Ada Lovelace|Ada]] wrote about the [[Analytical Engine|engine]] of [[Charles Babbage]],{{cite|x}} \
which weighed \
{{convert|4|t|lb}}&nbsp;or so, a thing that few had thought of (; before her).
{| class="wikitable"
|-
| A cell that is long enough to look like a sentence of the article but stands in a table, so it is left out.
|}

== See also ==
Nothing below this line is read, however long the sentence may be that stands here at the very end of the page.
"""
    assert prose(markup) == (
        "Ada wrote about the engine of Charles Babbage, which weighed 4 t or so, a thing that few had thought of"
        " (before her).",
    )


def test_redirects_and_lists_are_no_articles() -> None:
    text = "This is a sentence of an article. " * 5
    pages = "".join(
        f"<page><title>{title}</title><ns>0</ns><revision><text>{markup}</text></revision></page>"
        for title, markup in (("One", text), ("Two", "#REDIRECT [[One]]"), ("List of things", text))
    )
    assert list(read_articles(bz2.compress(f"<mediawiki>{pages}".encode()))) == ["One"]
    with pytest.raises(SourceError, match="no article"):
        read_articles(bz2.compress(b"<mediawiki></mediawiki>"))
    with pytest.raises(SourceError, match="can't be read"):
        read_articles(b"no dump")


def test_only_whole_sentences_of_a_country_are_read() -> None:
    text = (
        "The country is old. It was founded by people from the north, who came by sea and stayed. "
        "Others came later."
    )
    entry = {
        "Area": {"total": {"text": "12 sq km"}},
        "Background": {"text": f"<p>{text} &amp; more came.</p><br>keywords; only; here"},
        "Flag": {"text": text.lower()},
    }
    assert list(prose_of_country(entry)) == [f"{text} & more came."]


def test_last_names_lose_their_capitals_but_acronyms_keep_them() -> None:
    assert without_capitals("Hun SEN met HUN Manet of ASEAN", {"ASEAN"}) == "Hun SEN met HUN Manet of ASEAN"
    assert without_capitals("President Emomali RAHMON", set()) == "President Emomali Rahmon"


def test_what_was_marked_is_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", stand_in_spacy())
    write_document_sources(tmp_path)
    documents = [Document("news", "news: 1", ("Ada found gold in Paris. Ben lost silk in Oslo.",))]
    pipeline, cache = tmp_path / SPACY_PIPELINE.file, tmp_path / "kept.jsonl"
    marked, seconds = annotate(documents, pipeline, cache, silent)
    monkeypatch.delitem(sys.modules, "spacy")
    assert annotate([], pipeline, cache, silent) == (marked, seconds)
    (paragraph,) = marked
    texts = [
        [paragraph.text[s.start : s.end] for s in spans]
        for spans in (paragraph.sentences, paragraph.entities)
    ]
    assert texts == [
        ["Ada found gold in Paris.", "Ben lost silk in Oslo."],
        ["Ada", "Paris", "Ben", "Oslo"],
    ]
    verb = paragraph.words[7]
    assert (paragraph.text[verb.start : verb.end], verb.tag, verb.lemma, verb.head) == (
        "lost",
        "VBD",
        "lose",
        7,
    )


def test_a_wheel_without_a_pipeline_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", stand_in_spacy())
    wheel = tmp_path / "empty.whl"
    wheel.write_bytes(b"")
    with pytest.raises(SourceError, match="no spaCy pipeline"):
        annotate([Document("news", "n", ("Text.",))], wheel, tmp_path / "kept.jsonl", silent)


@pytest.mark.skipif("LOGITSCOPE_DATA" not in os.environ, reason="LOGITSCOPE_DATA names no folder of sources")
def test_the_real_pipeline_marks_a_real_sentence(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    pipeline = Path(os.environ["LOGITSCOPE_DATA"]) / SPACY_PIPELINE.file
    document = Document("news", "n", ("Angela Merkel flew to Paris on Monday. She met Emmanuel Macron.",))
    (paragraph,), _ = annotate([document], pipeline, tmp_path / "kept.jsonl", silent)
    found = {paragraph.text[span.start : span.end]: span.label for span in paragraph.entities}
    assert found["Paris"] == "GPE"
    assert len(paragraph.sentences) == 2
