"""The browser of the vocabulary: searches against a look at every entry, and what is known of one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models

from tests.engine.tokenization.trained import MAKERS, backend_of, opened
from tui.engine.errors import EngineError
from tui.engine.rows.vocabulary import VocabularyLabels
from tui.engine.tokenization.entries import AnyTokenizer, entry_of, vocabulary
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.vocabulary import detail, index_of, prepare, search
from tui.protocol.microscope.vocabulary import AddedFlags

BUILT_INS = ("nano-sentiment", "nano-generation")


def taken_over(backend: Tokenizer, special: frozenset[int] = frozenset()) -> RustTokenizer:
    return RustTokenizer(backend, None, (), special, None)


def found(tokenizer: AnyTokenizer, query: str, **how: str) -> list[int]:
    page = search(tokenizer, query, count=10**9, **how)  # type: ignore[arg-type]
    assert page.total == len(page.entries)
    return [entry.id for entry in page.entries]


@cache
def named_entries(tokenizer: AnyTokenizer) -> list[tuple[str, int, str]]:
    """Spelling, id and name of every entry."""
    labels = VocabularyLabels(tokenizer)
    return [(text, index, labels[index]) for text, index in vocabulary(tokenizer).items()]


def by_hand(tokenizer: AnyTokenizer, query: str, *, prefix: bool = False) -> set[int]:
    """The ids that a look at every entry finds."""
    ids = set()
    for text, index, named in named_entries(tokenizer):
        if prefix:
            within = any(each.casefold().startswith(query.casefold()) for each in (text, named))
        else:
            part = query.strip(" ") or query
            within = query.casefold() in text.casefold() or part.casefold() in named.casefold()
        if within:
            ids.add(index)
    return ids


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    "query", ["t", "the", "THE", "Ġt", "##", "▁", "</w>", "é", " the", "[", "zzz", "e", "Ã", "[b]"]
)
def test_a_search_finds_what_a_look_at_every_entry_finds(name: str, query: str, tmp_path: Path) -> None:
    tokenizer = opened(name, tmp_path).tokenizer
    assert set(found(tokenizer, query)) == by_hand(tokenizer, query)
    assert set(found(tokenizer, query, by="prefix")) == by_hand(tokenizer, query, prefix=True)


@pytest.fixture(scope="module", params=BUILT_INS)
def built_in(request: pytest.FixtureRequest) -> AnyTokenizer:
    return open_tokenizer(request.param).tokenizer


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="aet hTĠ#.\u200b\x1b\ud800", min_size=1, max_size=3))
def test_so_it_does_in_the_built_in_ones(built_in: AnyTokenizer, query: str) -> None:
    assert set(found(built_in, query)) == by_hand(built_in, query)
    assert set(found(built_in, query, by="prefix")) == by_hand(built_in, query, prefix=True)


def test_the_query_itself_comes_first_then_with_spaces_then_the_others_by_id(built_in: AnyTokenizer) -> None:
    rows = search(built_in, "the", count=10**9).entries
    first = [entry.decoded for entry in rows[:2]]
    assert first == (["the", " the"] if built_in.id_of("Ġthe") is not None else ["the", rows[1].decoded])
    ids = [entry.id for entry in rows if entry.decoded.strip() != "the"]
    assert ids == sorted(ids)
    spelled = search(built_in, rows[-1].text or "").entries[0]
    assert spelled.id == rows[-1].id


def test_pages_are_parts_of_one_list(built_in: AnyTokenizer) -> None:
    whole = found(built_in, "e")
    pages = [search(built_in, "e", start=start, count=7) for start in range(0, len(whole) + 7, 7)]
    assert [entry.id for page in pages for entry in page.entries] == whole
    assert {page.total for page in pages} == {len(whole)}
    assert search(built_in, "", count=3).total == len(vocabulary(built_in)) == pages[0].size
    assert search(built_in, "e", start=10**9).entries == ()


def test_by_id_are_ids_and_ranges(built_in: AnyTokenizer) -> None:
    assert found(built_in, "7, 3-5", by="id") == [3, 4, 5, 7]
    assert found(built_in, " ", by="id") == found(built_in, "")
    with pytest.raises(EngineError, match="out of range"):
        search(built_in, "4000000000", by="id")
    with pytest.raises(EngineError, match="not a number"):
        search(built_in, "the", by="id")


def test_added_tokens_have_their_flags(tmp_path: Path) -> None:
    tokenizer = opened("wordpiece", tmp_path).tokenizer
    added = search(tokenizer, "", which="added").entries
    assert [entry.text for entry in added] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[b]"]
    assert added[0].added == AddedFlags(True, False, False, False, False)
    assert added[-1].added == AddedFlags(False, True, False, True, False)
    assert [entry.special for entry in added] == [True] * 5 + [False]
    assert found(tokenizer, "", which="special") == [0, 1, 2, 3, 4]
    assert found(tokenizer, "mask", which="special") == [4]
    assert found(tokenizer, "the", which="added") == []


def test_gaps_between_ids_and_two_entries_with_one_id_are_no_obstacle() -> None:
    model = {"type": "BPE", "vocab": {"a": 0, "b": 7, "ab": 4_000_000_000, "c": 7}, "merges": [["a", "b"]]}
    backend = Tokenizer.from_str(json.dumps({"version": "1.0", "model": model}))
    tokenizer = taken_over(backend)
    assert search(tokenizer, "").total == 4
    assert found(tokenizer, "ab") == [4_000_000_000]
    assert found(tokenizer, "4000000000", by="id") == [4_000_000_000]
    assert entry_of(tokenizer, 5).text is None
    assert [entry.id for entry in detail(tokenizer, 0).neighbors] == [0, 7, 4_000_000_000]


def test_an_empty_vocabulary_has_nothing() -> None:
    tokenizer = taken_over(Tokenizer(models.BPE()))
    assert (
        search(tokenizer, "").total
        == search(tokenizer, "a").total
        == search(tokenizer, "a", by="prefix").total
        == 0
    )
    with pytest.raises(EngineError, match="empty"):
        detail(tokenizer, 0)


def test_hostile_entries_come_as_they_are() -> None:
    hostile = ["[red]x[/red]", "\x1b[31mred", "\u202eright", "\n", "a" * 20_000, "\x00", "[/INST]", "\ufffd"]
    backend = Tokenizer(models.WordLevel({text: index for index, text in enumerate(hostile)}, unk_token="\n"))
    backend.add_tokens([AddedToken("[click=1]", special=True)])
    tokenizer = taken_over(backend)
    for text in hostile:
        assert search(tokenizer, text).entries[0].text == text
    assert search(tokenizer, "\ud83e").total == 0
    assert [entry.text for entry in search(tokenizer, "[", by="prefix").entries] == [
        "[red]x[/red]", "[/INST]", "[click=1]",
    ]  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_an_entry_says_what_it_decodes_to_and_its_bytes(name: str, tmp_path: Path) -> None:
    tokenizer, backend = opened(name, tmp_path).tokenizer, backend_of(name)
    for text, index in backend.get_vocab().items():
        entry = entry_of(tokenizer, index)
        assert (entry.text, entry.decoded) == (text, backend.decode([index], skip_special_tokens=False))
        assert entry.stands_for is not None
        if entry.added is None and name == "byte-level-bpe":
            assert entry.stands_for.decode("utf-8", "replace") == entry.decoded


def test_the_neighbors_are_those_by_id(built_in: AnyTokenizer) -> None:
    assert [entry.id for entry in detail(built_in, 100, around=2).neighbors] == [98, 99, 100, 101, 102]
    assert [entry.id for entry in detail(built_in, 0, around=2).neighbors] == [0, 1, 2]
    last = max(vocabulary(built_in).values())
    assert [entry.id for entry in detail(built_in, last, around=1).neighbors] == [last - 1, last]
    with pytest.raises(EngineError, match=f"{last:,}"):
        detail(built_in, last + 1)


def test_the_kind_and_what_goes_with_it(tmp_path: Path) -> None:
    unigram = opened("unigram", tmp_path).tokenizer
    text, score = json.loads(backend_of("unigram").to_str())["model"]["vocab"][20]
    known = detail(unigram, 20)
    assert (known.entry.text, known.kind, known.score, known.tree) == (text, "Unigram", score, ())
    wordpiece = detail(opened("wordpiece", tmp_path).tokenizer, 7)
    assert (wordpiece.kind, wordpiece.score, wordpiece.reached) == ("WordPiece", None, None)


def test_an_index_is_made_once_and_goes_with_its_tokenizer() -> None:
    backend = Tokenizer(models.BPE({"a": 0, "b": 1}, []))
    backend.decoder = decoders.ByteLevel()
    tokenizer = taken_over(backend)
    prepare(tokenizer)
    assert index_of(tokenizer) is index_of(tokenizer)
    assert index_of(tokenizer).names is VocabularyLabels(tokenizer).names()
