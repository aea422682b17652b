"""Writing on an NVIDIA GPU: the ids, draws and beams of `generate` there, caches, number formats, and no memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.asking import ask
from tests.checkpoints import edit_json, make_checkpoint
from tests.engine.conftest import load_here
from tests.engine.decoding.test_beams import Both
from tests.engine.decoding.writing import Writer, make_decoder
from tests.engine.driver import EngineProcess
from tests.seq2seq_checkpoints import make_writer
from tui import catalogue
from tui.engine import device, tasks
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.decoding.held import Held
from tui.engine.errors import failure_of
from tui.protocol import (
    Cancel,
    Cancelled,
    Continue,
    Continued,
    Failed,
    Load,
    Loaded,
    Readout,
    Reweigh,
    Stepped,
)
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.writing.decoding import Constraint, Decoding
from tui.tasks import TASKS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

TEXT = "The film was dull, the"
KINDS = ("nano-generation", "nano-translation", "llama", "gpt2", "mistral", "gemma2", "t5", "bart")
SETTINGS = ReadoutSettings(temperature=0.8, top_k=30, top_p=0.9, min_p=0.02, repetition_penalty=1.2)
ASKED = {"temperature": 0.8, "top_k": 30, "top_p": 0.9, "min_p": 0.02, "repetition_penalty": 1.2}


def loaded_of(kind: str, folder: Path, where: str = "cuda", dtype: Any = "auto") -> LoadedCheckpoint:
    if kind.startswith("nano-"):
        return load_here(
            kind, where, dtype, task="translation" if "translation" in kind else "text-generation"
        )
    if kind in ("t5", "bart"):
        return load_here(make_writer(folder, kind), where, dtype, task="summarization")
    if kind in ("llama", "gpt2"):
        return load_here(make_checkpoint(folder, kind, head="CausalLM"), where, dtype, task="text-generation")
    return load_here(make_decoder(folder, kind), where, dtype, task="text-generation")


@pytest.fixture(params=KINDS)
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Writer:
    return Writer(loaded_of(request.param, tmp_path))


@pytest.mark.parametrize("task", TASKS)
def test_every_task_answers_as_on_the_cpu(task: str) -> None:
    name = catalogue.built_in_names(task)[0]
    folder = catalogue.built_in_folder(name)
    assert folder is not None
    here, there = (load_here(name, where, task=task) for where in ("cpu", "cuda"))
    for example in json.loads((folder / "examples.json").read_text())[:3]:
        answers = [ask(each, example["inputs"]).answer for each in (here, there)]
        assert strings(answers[1]) == strings(answers[0])
        assert floats(answers[1]) == pytest.approx(floats(answers[0]), rel=1e-3, abs=1e-5)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def strings(value: Any) -> list[Any]:
    return [leaf for leaf in leaves(value) if not isinstance(leaf, float)]


def floats(value: Any) -> list[float]:
    return [leaf for leaf in leaves(value) if isinstance(leaf, float)]


def test_greedy_is_that_of_generate(writer: Writer) -> None:
    assert writer.write(TEXT, 16).ids == writer.reference(TEXT, 16, forced_eos_token_id=None)


@pytest.mark.parametrize("seed", [0, 77])
def test_sampling_draws_what_generate_draws_on_the_gpu(writer: Writer, seed: int) -> None:
    decoding = Decoding(method="sample", seed=seed)
    written = writer.write(TEXT, 12, decoding=decoding, readout=SETTINGS)
    assert written.ids == writer.reference(TEXT, 12, seed, forced_eos_token_id=None, **ASKED)
    # Cut into requests, and after another branch took its place, it draws the same.
    alone = Writer(writer.loaded)
    ids = alone.write(TEXT, 5, decoding=decoding, readout=SETTINGS).ids
    if len(ids) == 5:
        alone.write(TEXT, 3, ids[:2], decoding=Decoding(method="sample", seed=seed + 1), readout=SETTINGS)
        assert alone.write(TEXT, 7, ids, decoding=decoding, readout=SETTINGS).ids == written.ids


def test_branches_share_what_was_read(writer: Writer) -> None:
    whole = writer.write(TEXT, 10).ids
    if len(whole) < 10:
        pytest.skip("it ended before")
    other = next(index for index in range(9, 99) if index != whole[3])
    forked = writer.write(TEXT, 3, [*whole[:3], other], scored=4)
    again = writer.write(TEXT, 1, whole, scored=10)
    assert forked.loop.counted.computed <= 1 + 3
    assert again.loop.counted.computed <= 2
    assert {each.device.type for each in (forked.row(), again.row())} == {"cuda"}


def test_numbers_are_those_of_the_cpu(tmp_path: Path) -> None:
    rows = []
    for where in ("cpu", "cuda"):
        found = Writer(loaded_of("llama", tmp_path / where, where)).write(
            TEXT, 6, alternatives=5, readout=ReadoutSettings(repetition_penalty=1.5)
        )
        rows.append(found.heard.chosen)
    for here, there in zip(*rows, strict=True):
        assert (there.id, there.rank, there.kept) == (here.id, here.rank, here.kept)
        assert there.log_probability == pytest.approx(here.log_probability, abs=1e-3)
        assert there.entropy_bits == pytest.approx(here.entropy_bits, abs=1e-3)
        assert [each.id for each in there.top] == [each.id for each in here.top]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_writes_what_generate_writes(tmp_path: Path, dtype: Any) -> None:
    writer = Writer(loaded_of("llama", tmp_path, dtype=dtype))
    assert writer.write(TEXT, 16).ids == writer.reference(TEXT, 16)


@pytest.mark.parametrize("kind", ["nano-generation", "nano-translation"])
@pytest.mark.parametrize(
    "asked",
    [
        {"num_beams": 3, "max_new_tokens": 12},
        {"num_beams": 4, "max_new_tokens": 9, "length_penalty": 0.4, "no_repeat_ngram_size": 2},
    ],
)
def test_beams_are_those_of_generate(tmp_path: Path, kind: str, asked: dict[str, Any]) -> None:
    loaded = loaded_of(kind, tmp_path)
    text = "Ce logiciel permet de lire les fichiers."
    reading = tasks.prepare(loaded.task, loaded.tokenizer, {"text": text}, {}).readings[0]
    inputs = {
        name: torch.tensor([reading.inputs[name]], device="cuda") for name in ("input_ids", "attention_mask")
    }
    both = Both(loaded.model, inputs, 1 if kind == "nano-translation" else len(reading.ids))
    loop, _ = both.search(**asked)
    sequences, scores = both.generate(**asked)
    assert [each.score for each in loop.hypotheses] == scores
    for mine, theirs in zip(loop.hypotheses, sequences, strict=True):
        assert list(mine.ids) == theirs[: len(mine.ids)]


def test_a_constraint_holds(tmp_path: Path) -> None:
    with EngineProcess() as engine:
        load, request = engine.next_id(), engine.next_id()
        engine.send(Load(load, "nano-generation", "text-generation", device="cuda"))
        assert isinstance(engine.last(load), Loaded)
        decoding = Decoding(constraint=Constraint("regex", r" [0-9]{3}-[0-9]{4}"))
        engine.send(Continue(request, "text-generation", {"text": "Call"}, most=20, decoding=decoding))
        last = engine.last(request)
        assert isinstance(last, Continued), last
        assert last.text.strip().replace("-", "").isdecimal()
        assert last.memory.free is not None
        assert last.memory.free <= torch.cuda.get_device_properties(0).total_memory


def test_the_engine_writes_on_the_gpu_is_read_meanwhile_and_stops(tmp_path: Path) -> None:
    folder = make_decoder(
        tmp_path, "gpt2", num_hidden_layers=12, max_position_embeddings=4000, eos_token_id=None
    )
    with EngineProcess() as engine:
        load, request, read, cancel = (engine.next_id() for _ in range(4))
        engine.send(Load(load, str(folder), "text-generation", device="cuda"))
        assert isinstance(engine.last(load), Loaded)
        engine.send(Continue(request, "text-generation", {"text": TEXT}, most=3000))
        engine.first(Stepped, request)
        engine.send(Reweigh(read, ReadoutSettings(temperature=0.5), RowAddress(0, 2)))
        engine.first(Readout, read)
        engine.send(Cancel(cancel, request))
        assert engine.last(request) == Cancelled(request)
        told = sum(isinstance(event, Stepped) for event in engine.of(request))
        assert 1 <= told < 3000


def test_what_may_be_kept_is_a_share_of_the_gpu(tmp_path: Path) -> None:
    held = Held(loaded_of("llama", tmp_path))
    free = device.memory("cuda:0").free
    assert free is not None
    assert 0.2 * free < held.caches.allowed < 0.3 * free


def test_running_out_of_memory_keeps_what_was_told_and_goes_on_after(tmp_path: Path) -> None:
    folder = make_decoder(
        tmp_path,
        "gpt2",
        hidden_size=512,
        max_position_embeddings=20_000,
        eos_token_id=None,
        num_hidden_layers=4,
    )
    edit_json(folder / "tokenizer_config.json", model_max_length=20_000)
    writer = Writer(load_here(folder, "cuda", task="text-generation"))
    writer.write(TEXT, 2)
    room = torch.cuda.memory_reserved() + (24 << 20)
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    try:
        with pytest.raises(torch.OutOfMemoryError) as raised:
            writer.write("word " * 9_000, 4)
        assert failure_of(raised.value).title == "Out of memory"
        writer.caches.clear()
        device.release("cuda:0")
        assert len(writer.write(TEXT, 3).ids) == 3
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_model_that_does_not_fit_is_told_and_the_next_loads(tmp_path: Path) -> None:
    huge = make_decoder(tmp_path, "gpt2", hidden_size=2048, num_hidden_layers=2)
    starving = (
        "import torch; torch.cuda.set_per_process_memory_fraction("
        "(40 << 20) / torch.cuda.get_device_properties(0).total_memory);"
        "from tui.engine.__main__ import main; main([])"
    )
    with EngineProcess(arguments=("-c", starving)) as engine:
        first, second = engine.next_id(), engine.next_id()
        engine.send(Load(first, str(huge), "text-generation", device="cuda"))
        failed = engine.last(first)
        assert isinstance(failed, Failed)
        assert failed.failure.title == "Out of memory"
        engine.send(Load(second, "nano-generation", "text-generation", device="cuda"))
        assert isinstance(engine.last(second), Loaded)
