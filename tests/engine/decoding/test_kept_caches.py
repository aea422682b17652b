"""Keys and values between requests: what is kept, shared and dropped, and that it changes no number."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DynamicCache

from tests.engine.conftest import TinyFolder, load_here
from tests.engine.decoding.writing import Writer, make_decoder
from tests.seq2seq_checkpoints import make_writer
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.decoding.kept_caches import KeptCaches, allowance, shared
from tui.protocol.writing.decoding import Decoding
from tui.protocol.writing.kept import KeptPart, digest_of

TASK = "text-generation"
TEXT = "The film was dull, the"
LAYERS, HEADS, WIDTH = 2, 2, 4
A_POSITION = LAYERS * 2 * HEADS * WIDTH * 4
"""Bytes of one position in the cache of `_read`."""


def _states(prefix: tuple[int, ...], layer: int) -> torch.Tensor:
    """What a model would keep of the last of these ids: a function of all of them."""
    generator = torch.Generator().manual_seed(hash((prefix, layer)) % 2**31)
    return torch.randn(1, HEADS, 1, WIDTH, generator=generator)


def _read(
    caches: KeptCaches, ids: tuple[int, ...], rows: int = 1, source: tuple[int, ...] = ()
) -> tuple[int, list[torch.Tensor]]:
    """A run over ids, one position after the other; how many positions were reused, and the keys at the end."""
    fresh = DynamicCache()
    fresh.layer_class_to_replicate = None
    fresh.layers = [type(layer)() for layer in _plain_layers()]
    taken = caches.take(source, ids, rows, fresh)
    for place in range(taken.past, len(ids)):
        prefix = ids[: place + 1]

        def forward(prefix: tuple[int, ...] = prefix) -> list[torch.Tensor]:
            for layer in range(LAYERS):
                states = _states(prefix, layer)
                taken.cache.update(states, -states, layer)
            return [_states(prefix, 99).flatten()]

        taken.run(ids[place : place + 1], forward)
    layers: list[Any] = taken.cache.layers
    assert taken.row is not None
    assert torch.equal(taken.row, _states(ids, 99).flatten())
    return taken.past, [layer.keys.clone() for layer in layers]


def _plain_layers() -> list[Any]:
    from transformers.cache_utils import DynamicLayer

    return [DynamicLayer() for _ in range(LAYERS)]  # type: ignore[no-untyped-call]


def _expected(ids: tuple[int, ...]) -> list[torch.Tensor]:
    rows = [[_states(ids[: place + 1], layer) for place in range(len(ids))] for layer in range(LAYERS)]
    return [torch.cat(each, dim=-2) for each in rows]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=12),
    st.integers(0, 40),
)
def test_any_sequence_of_runs_finds_the_right_states(runs: list[list[int]], room: int) -> None:
    caches = KeptCaches(room * A_POSITION * 4)
    for number, run in enumerate(runs):
        ids, source = tuple(run), (7,) if number % 3 == 2 else ()
        _, keys = _read(caches, ids, source=source)
        for found, expected in zip(keys, _expected(ids), strict=True):
            assert torch.equal(found, expected)
        caches.finish()
        use = caches.use(0, 0)
        assert use.bytes_used <= use.bytes_allowed
        assert use.branches or not use.bytes_used


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=2, max_size=12))
def test_with_room_nothing_is_computed_twice(runs: list[list[int]]) -> None:
    caches = KeptCaches(1 << 30)
    known: set[tuple[int, ...]] = set()
    for run in runs:
        ids = tuple(run)
        past, _ = _read(caches, ids)
        before = max(place for place in range(len(ids) + 1) if not place or ids[:place] in known)
        # The last position is run again where its logits are not kept: no run ended there.
        assert past >= before - (before == len(ids))
        known |= {ids[: place + 1] for place in range(len(ids))}
        # Every position is told as kept, by the branch that it is in; of the branches of a prompt only theirs.
        for prompt in ((), ids[:1], ids[:2]):
            use = caches.use(0, 0, (), prompt)
            told = {
                each
                for part in use.parts
                for each in known
                if part.start + len(prompt) < len(each) and _leads_to(each, prompt, part, known)
            }
            assert told == {
                each for each in known if len(each) > len(prompt) and each[: len(prompt)] == prompt
            }
            assert use.token_bytes == A_POSITION
            assert use.prompt_bytes == len(prompt) * use.token_bytes


def _leads_to(
    ids: tuple[int, ...], prompt: tuple[int, ...], part: KeptPart, known: set[tuple[int, ...]]
) -> bool:
    """Whether a part ends at a known sequence that goes on from `ids`."""
    return any(
        each[: len(ids)] == ids and digest_of(each[len(prompt) :]) == part.digest
        for each in known
        if each[: len(prompt)] == prompt and len(each) == part.end + len(prompt)
    )


def test_what_was_used_longest_ago_goes_first() -> None:
    trunk = tuple(range(100))
    caches = KeptCaches(1 << 30)
    _read(caches, (*trunk, 1))
    working = caches.use(0, 0).bytes_used
    # Room for the buffer and two ends of 50 positions each, with the row that is kept with them.
    row = HEADS * WIDTH * 4
    caches.allowed = working + 2 * (50 * A_POSITION + row) + 50 * A_POSITION
    branches = {name: (*trunk, *(name * 50,), *range(1000, 1049)) for name in (3, 4, 5, 6)}
    for ids in branches.values():
        _read(caches, ids)
        caches.finish()
    use = caches.use(0, 0)
    assert use.bytes_used <= use.bytes_allowed
    assert use.dropped >= 1
    assert _read(caches, branches[6])[0] == 150
    assert _read(caches, branches[5])[0] == 150
    assert _read(caches, branches[3])[0] == 100


def test_allowance() -> None:
    assert allowance(1 << 34) == 1 << 32
    assert allowance(1 << 20) == allowance(None) == 64 << 20


@given(st.lists(st.integers(0, 1)), st.lists(st.integers(0, 1)))
def test_shared(one: list[int], other: list[int]) -> None:
    length = shared(one, other)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == min(len(one), len(other))


# ------------------------------------------------------------------------------------- with models


@pytest.fixture(scope="module")
def llama(tiny: TinyFolder) -> LoadedCheckpoint:
    return load_here(tiny("llama", head="CausalLM"), task=TASK)


def test_dropped_for_room_and_computed_again(llama: LoadedCheckpoint) -> None:
    plenty, none = Writer(llama), Writer(llama, allowed=0)
    for writer in (plenty, none):
        first = writer.write(TEXT, 6)
        second = writer.write(TEXT, 3, first.ids, scored=6)
        assert second.ids == writer.reference(TEXT, 9)
    assert plenty.caches.use(0, 0).dropped == 0
    use = none.caches.use(second.loop.counted.reused, second.loop.counted.computed)
    assert (use.bytes_used, use.branches, use.reused) == (0, 0, 0)
    assert use.computed == len(second.ids) + len(second.start.ids)
    assert use.dropped == 2


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma2", "mistral"])
def test_a_walk_through_a_tree_equals_runs_of_their_own(tmp_path: Path, kind: str) -> None:
    loaded = load_here(make_decoder(tmp_path, kind), task=TASK)
    walker, dice = Writer(loaded), random.Random(3)
    known: list[list[int]] = [[]]
    for _ in range(25):
        ids = dice.choice(known)
        ids = ids[: dice.randrange(len(ids) + 1)]
        if dice.random() < 0.6:
            ids = [*ids, dice.randrange(5, 400)]
        most = dice.randrange(3)
        if len(ids) + most > 20:
            continue
        found = walker.write(TEXT, most, ids, scored=dice.randrange(len(ids) + 1))
        alone = Writer(loaded).write(TEXT, most, ids)
        assert found.ids == alone.ids
        assert torch.allclose(found.row(), alone.row(), rtol=1e-4, atol=1e-4)
        known.append(found.ids)


def test_the_encoder_runs_once_for_a_source(tmp_path: Path) -> None:
    loaded = load_here(make_writer(tmp_path, "t5"), task="summarization")
    writer, runs = Writer(loaded), 0

    def count(_: Any, __: Any, output: Any) -> None:
        nonlocal runs
        runs += output[0].shape[1] > 1  # not what finds out whether the decoder reads on

    model: Any = loaded.model
    handle = model.get_encoder().register_forward_hook(count)
    first = writer.write(TEXT, 4)
    writer.write(TEXT, 2, first.ids, scored=4)
    assert runs == 1
    other = writer.write("Another text.", 4)
    assert runs == 2
    back = writer.write(TEXT, 4)
    handle.remove()
    assert runs == 2
    assert back.ids == first.ids == writer.reference(TEXT, 4)
    assert other.ids == writer.reference("Another text.", 4)
    assert back.loop.counted.reused == 1 or back.loop.counted.computed <= 5


def test_a_forward_that_fails_leaves_nothing_half_kept(tmp_path: Path) -> None:
    for kind in ("llama", "mamba"):
        loaded = load_here(make_decoder(tmp_path / kind, kind), task=TASK)
        writer = Writer(loaded)
        first = writer.write(TEXT, 3)

        def fail(*_: Any) -> None:
            raise RuntimeError("out of memory")

        model: Any = loaded.model
        layers = model.model.layers if kind == "llama" else model.backbone.layers
        handle = layers[1].register_forward_pre_hook(fail)
        with pytest.raises(RuntimeError):
            writer.write(TEXT, 3, first.ids)
        handle.remove()
        again = writer.write(TEXT, 3, first.ids, scored=3)
        assert again.ids == writer.reference(TEXT, 6)
        assert torch.allclose(again.row(), Writer(loaded).write(TEXT, 6).row(), rtol=1e-4, atol=1e-4)


def test_rows_are_read_again_beside_what_is_kept(tmp_path: Path) -> None:
    from tui.engine.decoding.row_again import RowAgain

    for kind, make in (
        ("llama", make_decoder),
        ("gemma2", make_decoder),
        ("mamba", make_decoder),
        ("t5", make_writer),
    ):
        task = "summarization" if kind == "t5" else TASK
        loaded = load_here(make(tmp_path / kind, kind), task=task)
        writer = Writer(loaded)
        whole = writer.write(TEXT, 8, decoding=Decoding(min_new_tokens=8))
        ids, before = whole.loop.ids, writer.caches.use(0, 0)
        model: Any = loaded.model
        for position in range(len(ids)):
            again = RowAgain(whole.start.source, ids[: position + 1], writer.caches)
            encoded = writer.caches.encoder_outputs(whole.start.source)
            known = {} if encoded is None else {"encoder_outputs": encoded}
            with torch.inference_mode():
                model.generate(**whole.start.inputs, **known, **whole.start.arguments, custom_generate=again)
            kept = whole.rows.get(position)
            assert (kept is not None) == (position >= len(whole.start.ids) - 1)
            if kept is not None:
                assert torch.allclose(again.row, kept, rtol=1e-4, atol=1e-4)
        assert writer.caches.use(0, 0) == before
        assert writer.write(TEXT, 2, whole.ids, scored=8).loop.counted.computed == 2
