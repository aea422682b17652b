"""Token by token the loop writes what `generate` writes, however the writing is cut into requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.asking import ask
from tests.checkpoints import MAX_TOKENS
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.decoding.writing import Heard, Writer, make_decoder
from tests.seq2seq_checkpoints import make_writer
from tui.engine.errors import Abandoned, EngineError
from tui.engine.rows.vocabulary import token_text
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.decoding import Decoding

GENERATION, TRANSLATION = "text-generation", "translation"
TEXT = "The film was dull, the"
SOURCE = "The old house by the river is small, and nobody lives there any more."
KINDS = (
    "nano-generation",
    "nano-translation",
    "llama",
    "gpt2",
    "mistral",
    "gemma2",
    "mamba",
    "t5",
    "bart",
    "bert2bert",
)
NO_END: dict[str, Any] = {"eos_token_id": None}


@pytest.fixture(scope="module")
def writers(tiny: TinyFolder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Writer]:
    """A checkpoint of each kind, loaded once; the tests leave no more than caches behind."""
    loaded = {
        "nano-generation": load_here("nano-generation", task=GENERATION),
        "nano-translation": load_here("nano-translation", task=TRANSLATION),
        "llama": load_here(tiny("llama", head="CausalLM"), task=GENERATION),
        "gpt2": load_here(tiny("gpt2", head="CausalLM"), task=GENERATION),
    }
    for kind in ("t5", "bart", "bert2bert"):
        loaded[kind] = load_here(make_writer(tmp_path_factory.mktemp(kind), kind), task="summarization")
    for kind in ("mistral", "gemma2", "mamba"):
        loaded[kind] = load_here(make_decoder(tmp_path_factory.mktemp(kind), kind), task=GENERATION)
    return {kind: Writer(checkpoint) for kind, checkpoint in loaded.items()}


@pytest.fixture(params=KINDS)
def writer(request: pytest.FixtureRequest, writers: dict[str, Writer]) -> Writer:
    """One of them, with nothing kept."""
    found = writers[request.param]
    return Writer(found.loaded)


def text_of(writer: Writer) -> str:
    return SOURCE if writer.loaded.task == TRANSLATION else TEXT


WAYS: dict[str, tuple[Decoding, ReadoutSettings, dict[str, Any]]] = {
    "greedy": (Decoding(), ReadoutSettings(), {}),
    "penalty": (Decoding(), ReadoutSettings(repetition_penalty=1.7), {"repetition_penalty": 1.7}),
    "no repeat": (Decoding(no_repeat_ngram_size=2), ReadoutSettings(), {"no_repeat_ngram_size": 2}),
    "least": (Decoding(min_new_tokens=9), ReadoutSettings(), {"min_new_tokens": 9}),
    "banned": (Decoding(banned=(5, 13, 33)), ReadoutSettings(), {"bad_words_ids": [[5], [13], [33]]}),
}


@pytest.mark.parametrize("way", WAYS)
def test_greedy_is_that_of_generate(writer: Writer, way: str) -> None:
    decoding, readout, asked = WAYS[way]
    stated = writer.model.generation_config.bad_words_ids or []
    if way == "banned":
        asked = {"bad_words_ids": [*stated, *asked["bad_words_ids"]]}
    written = writer.write(text_of(writer), 12, decoding=decoding, readout=readout)
    assert written.ids == writer.reference(text_of(writer), 12, forced_eos_token_id=None, **asked)
    assert written.heard.ids == written.ids
    assert [each.place for each in written.heard.chosen] == list(range(len(written.ids)))


SAMPLING: dict[str, ReadoutSettings] = {
    "plain": ReadoutSettings(),
    "warm": ReadoutSettings(temperature=1.4, top_k=40),
    "all": ReadoutSettings(temperature=0.8, top_k=30, top_p=0.9, min_p=0.02, repetition_penalty=1.2),
    "typical": ReadoutSettings(typical_p=0.7),
}


@pytest.mark.parametrize("way", SAMPLING)
@pytest.mark.parametrize("seed", [0, 77])
def test_sampling_draws_what_generate_draws(writer: Writer, way: str, seed: int) -> None:
    settings = SAMPLING[way]
    asked = {
        "temperature": settings.temperature,
        "top_k": settings.top_k,
        "top_p": settings.top_p,
        "min_p": settings.min_p or None,
        "typical_p": settings.typical_p,
        "repetition_penalty": settings.repetition_penalty,
    }
    decoding = Decoding(method="sample", seed=seed)
    written = writer.write(text_of(writer), 12, decoding=decoding, readout=settings)
    assert written.ids == writer.reference(text_of(writer), 12, seed, forced_eos_token_id=None, **asked)


@pytest.mark.parametrize("method", ["greedy", "sample"])
def test_split_runs_write_the_same(writer: Writer, method: Any) -> None:
    text, decoding = text_of(writer), Decoding(method=method, seed=5)
    whole = writer.write(text, 10, decoding=decoding)
    alone = Writer(writer.loaded)
    ids: list[int] = []
    for _ in range(10):
        step = alone.write(text, 1, ids, decoding=decoding, scored=len(ids))
        ids = step.ids
    assert ids == whole.ids
    assert torch.allclose(step.row(), whole.row(), rtol=1e-4, atol=1e-4)
    if len(ids) == 10:
        assert (step.loop.counted.reused, step.loop.counted.computed) == (len(step.start.ids) + 9, 1)
    # A branch that goes off and comes back goes on as if it had never left, with the draws of its own places.
    other = next(index for index in range(9, 99) if index != whole.ids[3])
    forked = alone.write(text, 3, [*whole.ids[:3], other], decoding=decoding)
    assert forked.ids[:4] == [*whole.ids[:3], other]
    again = alone.write(text, len(whole.ids) - 4, whole.ids[:4], decoding=decoding)
    assert again.ids == whole.ids
    assert torch.allclose(again.row(), whole.row(), rtol=1e-4, atol=1e-4)


def test_numbers_are_the_models_own(writer: Writer) -> None:
    written = writer.write(
        text_of(writer),
        6,
        alternatives=7,
        decoding=Decoding(),
        readout=ReadoutSettings(repetition_penalty=1.5),
    )
    first, tokenizer = len(written.start.ids) - 1, writer.loaded.tokenizer
    for chosen in written.heard.chosen:
        row = written.row(first + chosen.place).double()
        log_probabilities = torch.log_softmax(row, -1)
        assert chosen.log_probability == pytest.approx(float(log_probabilities[chosen.id]), abs=1e-12)
        order = sorted(range(len(row)), key=lambda index: (-float(row[index]), index))
        assert chosen.rank == order.index(chosen.id) + 1
        entropy = -(log_probabilities.exp() * log_probabilities).sum() / torch.log(torch.tensor(2.0)).double()
        assert chosen.entropy_bits == pytest.approx(float(entropy), abs=1e-6)
        assert [each.id for each in chosen.top] == order[:7]
        assert [each.probability for each in chosen.top] == pytest.approx(
            [float(log_probabilities[index].exp()) for index in order[:7]], rel=1e-12
        )
        assert chosen.kept_log_probability is not None
        assert chosen.text == token_text(tokenizer, chosen.id)
        assert chosen.special == tokenizer.is_special(chosen.id)
        assert (chosen.bytes_ is None) == chosen.special
    if writer.loaded.task == GENERATION:
        spelled = b"".join(chosen.bytes_ or b"" for chosen in written.heard.chosen)
        assert spelled.decode(errors="replace") == tokenizer.decode(written.ids, skip_special=True)


def test_what_stands_is_scored_as_it_was_written(writer: Writer) -> None:
    text = text_of(writer)
    whole = writer.write(text, 8, alternatives=3)
    scored = Writer(writer.loaded).write(text, 0, whole.ids, alternatives=3, scored=2)
    assert [each.by for each in scored.heard.chosen] == ["given"] * (len(whole.ids) - 2)
    for given, chosen in zip(scored.heard.chosen, whole.heard.chosen[2:], strict=True):
        assert (given.place, given.id, given.rank) == (chosen.place, chosen.id, chosen.rank)
        assert given.log_probability == pytest.approx(chosen.log_probability, abs=1e-4)
    assert torch.allclose(scored.row(), whole.row(), rtol=1e-4, atol=1e-4)


def test_a_prompt_edited_at_its_end_is_read_from_there(writers: dict[str, Writer]) -> None:
    for kind in ("llama", "gpt2", "mistral", "gemma2"):
        writer = Writer(writers[kind].loaded)
        first = writer.write(TEXT + " acting was", 4)
        edited = writer.write(TEXT + " acting is", 4)
        before = len(first.start.ids)
        common = next(at for at in range(before) if first.start.ids[at] != edited.start.ids[at])
        assert edited.loop.counted.reused == common
        assert edited.ids == writer.reference(TEXT + " acting is", 4)
        back = writer.write(TEXT + " acting was", 4)
        assert back.ids == first.ids
        assert back.loop.counted.reused == before - 1
        assert torch.allclose(back.row(), first.row(), rtol=1e-4, atol=1e-4)


def test_cancel_keeps_what_was_told(writer: Writer) -> None:
    text = text_of(writer)
    whole = writer.write(text, 9)
    alone = Writer(writer.loaded)

    def give_up(loop: Any) -> None:
        if len(loop.written) == 4:
            raise Abandoned

    heard = Heard(on_pause=give_up)
    with pytest.raises(Abandoned):
        alone.write(text, 9, heard=heard)
    assert heard.ids == whole.ids[:4]
    rest = alone.write(text, len(whole.ids) - 4, heard.ids, scored=4)
    assert rest.ids == whole.ids
    assert rest.loop.counted.reused == len(rest.start.ids) + 4


def test_why_it_stops(writers: dict[str, Writer]) -> None:
    writer = Writer(writers["nano-generation"].loaded)
    free = writer.write("Once upon a time", 8)
    stop = free.loop.stop
    assert stop is not None
    assert (stop.kind, stop.about) == ("count", "8 asked for")
    pieces = free.start.prepared.tokenizer
    text = pieces.decode(free.ids)
    string = text[3:9]
    cut = writer.write("Once upon a time", 12, decoding=Decoding(stop_strings=(string,)))
    assert cut.loop.stop is not None
    assert (cut.loop.stop.kind, cut.loop.stop.about) == ("stop string", f"“{string}”")
    assert string in pieces.decode(cut.ids)
    assert string not in pieces.decode(cut.ids[:-1])
    end = writer.write("Once upon a time", 3, [5, 0])
    assert end.loop.stop is not None
    assert (end.loop.stop.kind, end.ids) == ("end", [5, 0])
    stated = writer.write("Once upon a time", 3, unless_stated=True, decoding=Decoding(banned=(0,)))
    assert stated.loop.stop is not None
    assert (stated.loop.stop.kind, stated.loop.stop.about) == ("length", "max_new_tokens 20 reached")
    assert len(stated.ids) == 20


def test_forced_tokens_are_given_where_a_length_is_stated(tmp_path: Path) -> None:
    forced = {"forced_bos_token_id": 9, "forced_eos_token_id": 2, "max_length": 7, "eos_token_id": None}
    writer = Writer(load_here(make_writer(tmp_path, "bart", generation=forced), task="summarization"))
    whole = writer.write(TEXT, 99, unless_stated=True)
    assert whole.ids == writer.reference(TEXT, 6)
    assert [each.by for each in whole.heard.chosen] == ["given", *["greedy"] * 4, "given"]
    assert (whole.ids[0], whole.ids[-1]) == (9, 2)
    assert whole.loop.stop is not None
    assert whole.loop.stop.kind == "length"
    # What is asked for by number ends in a pause, and no token is forced there.
    pause = writer.write(TEXT, 3)
    assert pause.ids == whole.ids[:3]
    assert writer.write(TEXT, 99, pause.ids, unless_stated=True).ids == whole.ids
    # Where it is the text's end, as for `run`, one is.
    end = writer.write(TEXT, 3, ends=True)
    assert end.ids == writer.reference(TEXT, 3)
    assert end.ids[-1] == 2
    assert end.loop.stop is not None
    assert end.loop.stop.about == "max_new_tokens 3 reached"


def test_a_length_that_nobody_asked_for_is_told_as_the_default(tmp_path: Path) -> None:
    loaded = load_here(make_decoder(tmp_path / "decoder", "llama"), task=GENERATION)
    loaded.model.generation_config.eos_token_id = None
    written = Writer(loaded).write(TEXT, 20, unless_stated=True, ends=True)
    assert written.loop.stop is not None
    assert written.loop.stop.about == "the default of 20 new tokens reached"


def test_a_length_that_the_pipeline_sets_is_told_as_its_own_and_ends_the_text(tmp_path: Path) -> None:
    forced = {"forced_eos_token_id": 2, "eos_token_id": None}
    folder = make_writer(tmp_path, "bart", generation=forced, max_position_embeddings=300)
    loaded = load_here(folder, task="summarization")
    written = Writer(loaded).write(TEXT, 20, unless_stated=True, ends=True)
    assert written.loop.stop is not None
    assert (written.loop.stop.kind, written.ids[-1]) == ("length", 2)
    assert written.loop.stop.about == "max_new_tokens 256 reached"
    assert [each.id for each in ask(loaded, TEXT, num_beams=1).view.tokens[1:]] == written.ids


def test_positions_end_the_writing(writers: dict[str, Writer]) -> None:
    writer = Writer(writers["gpt2"].loaded)
    config = writer.model.generation_config
    kept, config.eos_token_id = config.eos_token_id, None
    try:
        full = writer.write(TEXT, 1000)
        prompt = len(full.start.ids)
        assert full.loop.stop is not None
        assert full.loop.stop.kind == "positions"
        assert prompt + len(full.ids) == MAX_TOKENS + 1
        assert full.ids == writer.reference(TEXT, MAX_TOKENS + 1 - prompt)
        assert full.loop.last == MAX_TOKENS - 1
        again = writer.write(TEXT, 5, full.ids, scored=len(full.ids) - 2)
        assert (again.ids, again.heard.ids) == (full.ids, full.ids[-2:])
        assert torch.allclose(again.row(), full.row(), rtol=1e-4, atol=1e-4)
        with pytest.raises(EngineError, match="not so many positions"):
            writer.write(TEXT, 5, [*full.ids, 7])
    finally:
        config.eos_token_id = kept


def test_what_can_not_be_gone_on_with_is_refused(writers: dict[str, Writer]) -> None:
    writer = Writer(writers["llama"].loaded)
    with pytest.raises(EngineError, match="Nothing to read"):
        writer.write("", 5)
    with pytest.raises(EngineError, match=f"{MAX_TOKENS} fit"):
        writer.write(TEXT * 20, 5)
    with pytest.raises(EngineError, match="doesn't fit the model"):
        writer.write(TEXT, 5, [10**6])
    with pytest.raises(EngineError, match="No such token"):
        writer.write(TEXT, 5, [-1])


@pytest.mark.parametrize("settings", [{"use_cache": False}, {"cache_implementation": "static"}])
def test_checkpoints_that_want_another_cache(tmp_path: Path, settings: dict[str, Any]) -> None:
    loaded = load_here(make_decoder(tmp_path, "llama"), task=GENERATION)
    expected = Writer(loaded).reference(TEXT, 9)
    for name, value in settings.items():
        setattr(loaded.model.generation_config, name, value)
    writer = Writer(loaded)
    first = writer.write(TEXT, 4)
    second = writer.write(TEXT, 5, first.ids, scored=4)
    assert second.ids == expected
    every = len(second.start.ids) + 9
    counted = (second.loop.counted.reused, second.loop.counted.computed)
    assert counted == (every - 5, 5) if settings.get("use_cache", True) else counted[0] == 0


def test_logits_that_are_no_numbers(tmp_path: Path) -> None:
    loaded = load_here(make_decoder(tmp_path, "llama"), task=GENERATION)
    model: Any = loaded.model
    with torch.no_grad():
        model.get_output_embeddings().weight[7] = float("nan")
    written = Writer(loaded).write(TEXT, 2, alternatives=3)
    for chosen in written.heard.chosen:
        numbers = (chosen.log_probability, chosen.rank, chosen.entropy_bits)
        assert (numbers, chosen.top) == ((None, None, None), ())
    assert written.ids == Writer(loaded).reference(TEXT, 2)
    with pytest.raises(EngineError, match="Nothing can be drawn"):
        Writer(loaded).write(TEXT, 2, decoding=Decoding(method="sample"))


def test_a_long_prompt_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.engine.decoding import stepping

    for kind in ("llama", "gemma2"):
        loaded = load_here(make_decoder(tmp_path / kind, kind), task=GENERATION)
        whole = Writer(loaded).write(TEXT * 3, 5)
        monkeypatch.setitem(stepping._PART, "cpu", 7)
        parts = Writer(loaded).write(TEXT * 3, 5)
        monkeypatch.undo()
        assert parts.ids == whole.ids
        assert parts.loop.counted == whole.loop.counted
        assert torch.allclose(parts.row(), whole.row(), rtol=1e-4, atol=1e-4)
