"""The probability lab on the screen: sampling settings, finding, watching, any row; on a real engine."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.cells import cell_len
from rich.style import Style
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.generation import logits_process

from tests.app.driving import Driver, playground
from tests.checkpoints import make_checkpoint
from tui.app.render import formula, numbers
from tui.app.render.probability_table import row_at, summary, table
from tui.engine.rows import filtering, readout
from tui.protocol import Readout
from tui.protocol.rows import ReadoutSettings, Row, Watch
from tui.settings import Settings
from tui.tasks.sampling import SETTINGS

WIDTHS = (56, 76, 120, 190)
FILTERED = ReadoutSettings(
    temperature=0.7, repetition_penalty=1.3, top_k=30, top_p=0.9, min_p=0.01, typical_p=0.9
)


def reading(settings: ReadoutSettings, count: int = 300, function: Any = "softmax") -> Readout:
    row = np.random.default_rng(3).normal(0, 2, count).astype(np.float32).astype(np.float64)
    labels = [f"\x1b[31m{index}" if index % 7 == 0 else f" word{index}" for index in range(count)]
    return readout.read_out(1, row, labels, settings, function, "because", context_ids=[1, 2, 3])


def drawn(shown: Readout, step: str, width: int, selected: int = 0, room: int = 40) -> list[str]:
    strips = table(shown, step, selected, width, room, lambda _: Style()).strips
    return [strip.text.rstrip() for strip in strips]


def test_only_the_steps_that_are_on_are_walked() -> None:
    plain = (formula.LOGITS, formula.SCALED, formula.SHIFTED, formula.EXP, formula.SHARE)
    assert formula.steps(reading(ReadoutSettings())) == plain
    assert formula.steps(reading(ReadoutSettings(top_k=3))) == (*plain, formula.KEPT, formula.AGAIN)
    assert formula.steps(reading(ReadoutSettings(repetition_penalty=1.1)))[1] == formula.PENALTY
    assert len(formula.steps(reading(FILTERED, function="sigmoid"))) == 5


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_pane_and_the_tail_is_stated(width: int) -> None:
    for settings in (ReadoutSettings(), FILTERED, ReadoutSettings(start=100, watched=(Watch(1, " word1"),))):
        shown = reading(settings)
        assert shown.tail is not None
        for step in formula.steps(shown):
            for room in (3, 6, 40):
                lines = drawn(shown, step, width, room=room)
                assert max(map(cell_len, lines)) <= width, (step, max(lines, key=cell_len))
                assert "\x1b" not in "".join(lines)
                assert f"hold {numbers.percent(shown.tail)}" in " ".join(map(str.strip, lines))
            assert "others" in lines[1]


def test_wide_panes_show_every_column_and_narrow_ones_that_of_the_step() -> None:
    shown = reading(FILTERED)
    head = drawn(shown, formula.SHARE, 190)[1]
    for name in ("logit z", "z penalized", "z÷T", "z÷T − max", "exp", "[p]", "cumulative", "kept?"):
        assert name in head
    for name in ("p filtered", "bits", "ln p", "rank"):
        assert name in head
    for step, own in ((formula.LOGITS, "logit z"), (formula.PENALTY, "z penalized"), (formula.KEPT, "kept?")):
        assert own in drawn(shown, step, 56)[1]
    unknown = drawn(reading(ReadoutSettings(), function="sigmoid"), formula.ALONE, 190)
    assert "kept?" not in unknown[1]
    assert "cumulative" not in unknown[1]


def test_the_formulas_of_the_new_steps_have_the_numbers_of_their_row() -> None:
    shown = reading(FILTERED)
    penalized = next(row for row in reading(ReadoutSettings(top=300)).rows if row.index == 1)
    everything = reading(ReadoutSettings(repetition_penalty=1.3, top=300))
    row = next(each for each in everything.rows if each.index == 1)
    written = formula.formula(everything, row, formula.PENALTY)
    assert numbers.logit(penalized.logit) in written
    assert written.split(" = ")[-1].startswith(numbers.logit(row.penalized))
    for each in shown.rows:
        kept = formula.formula(shown, each, formula.KEPT)
        assert ("✗" in kept) == (each.kept is False)
        assert kept.count("✓") == (
            len(shown.stages)
            if each.kept
            else [stage.name for stage in shown.stages].index(str(each.dropped_by))
        )
        again = formula.formula(shown, each, formula.AGAIN)
        if each.kept:
            assert again.endswith(f"= {numbers.percent(each.renormalized)}")
            assert each.exponential / (shown.kept_sum or math.nan) == pytest.approx(each.renormalized)
        else:
            assert str(each.dropped_by) in again


def test_bans_and_re_weighing_by_others_are_told_beside_the_filters() -> None:
    """The likeliest row is banned: min-p compares with the likeliest that is left."""
    chain: Any = [
        (filtering.SEQUENCE_BIAS, None, logits_process.SequenceBiasLogitsProcessor([[[2], 1.0]])),
        (filtering.BANNED, None, logits_process.NoBadWordsLogitsProcessor([[0]])),
    ]
    shown = readout.read_out(
        1,
        np.log(np.array([0.7, 0.2, 0.0625, 0.0375])).astype(np.float32).astype(np.float64),
        ["zero", "one", "two", "three"],
        ReadoutSettings(min_p=0.2),
        "softmax",
        "because",
        context_ids=[1],
        chain=filtering.Chain(tuple(chain), torch.device("cpu")),
    )
    rows = {row.label: row for row in shown.rows}
    assert "re-weighed by sequence bias" in formula.formula(shown, rows["two"], formula.PENALTY)
    assert formula.formula(shown, rows["zero"], formula.KEPT) == "zero is dropped: banned ✗"
    assert formula.formula(shown, rows["one"], formula.KEPT).startswith("one is kept: banned ✓ · min-p 0.2 ✓")
    assert "p÷max 1.0000 ≥ 0.2" in formula.formula(shown, rows["one"], formula.KEPT)
    assert "p÷max 0.1875 < 0.2" in formula.formula(shown, rows["three"], formula.KEPT)
    told = summary(shown)
    assert told[1] == "sequence bias: 1 logits changed"
    assert told[2].startswith("banned: keeps 3, drops 1 that hold ")


def test_a_place_that_is_not_there_is_the_nearest_that_is() -> None:
    shown = reading(ReadoutSettings(start=100, top=10, watched=(Watch(1, " word1"), Watch(2, "nothing"))))
    assert row_at(shown, 5).rank == 100
    assert row_at(shown, 105).rank == 105
    assert row_at(shown, 299).rank == 109
    assert row_at(shown, -2).label == " word1"
    assert row_at(shown, -1).rank == 100
    assert any("no row of this name here" in line for line in drawn(shown, formula.SHARE, 76))


def test_what_does_not_apply_is_said() -> None:
    settings = ReadoutSettings(repetition_penalty=2.0)
    shown = readout.read_out(1, np.array([1.0, 2.0]), ("a", "b"), settings, "softmax", "because")
    for room in (5, 40):
        assert drawn(shown, formula.SHARE, 90, room=room)[2].startswith("repetition penalty: not applied")


def test_the_whole_is_not_missed_by_the_last_bit() -> None:
    shown = reading(ReadoutSettings(top_k=5, start=200, top=100))
    assert "filtered, 5 of them hold 100 %" in " ".join(drawn(shown, formula.SHARE, 190))
    assert " 100 % " in drawn(shown, formula.SHARE, 190, 299)[-len(summary(shown)) - 1]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_settings_take_what_the_engine_takes_and_refuse_the_rest(setting: Any) -> None:
    assert setting.parsed("") == setting.default == getattr(ReadoutSettings(), setting.name)
    for typed in ("x", "-1", "nan", "inf"):
        with pytest.raises(ValueError, match=setting.title):
            setting.parsed(typed)
    number = setting.default
    for by in (1, -1, -10, -10, 10, 10, 10, 1, 1):
        number = setting.moved(number, by)
        assert setting.parsed(f"{number:g}") == number
        row = np.array([1.0, 2.0, 3.0])
        asked = ReadoutSettings(**{setting.name: number})
        assert readout.read_out(1, row, ("a", "b", "c"), asked, "softmax", "", context_ids=[0]).rows


# --------------------------------------------------------------------------------- on the screen


def at_work(state_folder: Path, tmp_path: Path) -> tuple[Path, Settings]:
    folder = make_checkpoint(tmp_path / "causal", "gpt2", head="CausalLM")
    text = "a dull film was dull"
    return folder, Settings(state_folder=state_folder, task="text-generation", model=str(folder), text=text)


async def until_under(driver: Driver, **wanted: Any) -> None:
    await driver.until(
        lambda: all(getattr(driver.readout.settings, name) == value for name, value in wanted.items()),
        f"a reading under {wanted}",
    )


def selected(driver: Driver) -> Row:
    return row_at(driver.readout, driver.pane("probabilities")._at)


async def test_settings_are_typed_and_seen_at_once_and_equal_generate(
    state_folder: Path, tmp_path: Path
) -> None:
    """The keys of the editor, what they make of the row, and how escape and 0 take it back."""
    folder, settings = at_work(state_folder, tmp_path)
    async with playground(state_folder, (120, 40), settings) as driver:
        plain, walked = driver.readout.rows, driver.screen.forwarded
        await driver.pilot.press("escape", "6", "K", "backspace", *"60", "tab", "down", "down")
        await until_under(driver, top_k=60, top_p=0.9)
        assert f"kept: {driver.readout.kept}" in driver.rows("probabilities")
        await driver.pilot.press("tab", *"5")
        assert "✗ min-p is from 0 to 1" in "\n".join(driver.painted())
        await driver.pilot.press("escape")
        await until_under(driver, top_k=0, top_p=1.0)
        await driver.pilot.press("R", "up", "up", "enter", "minus", "P", "down", "enter")
        await until_under(driver, repetition_penalty=1.1, temperature=0.9, top_p=0.95)
        model: Any = AutoModelForCausalLM.from_pretrained(folder)
        ids = AutoTokenizer.from_pretrained(folder)("a dull film was dull", return_tensors="pt").input_ids
        config: Any = GenerationConfig
        chain = model._get_logits_processor(
            config(do_sample=True, repetition_penalty=1.1, temperature=0.9, top_p=0.95, top_k=0),
            input_ids_seq_length=ids.shape[1],
            device="cpu",
        )
        with torch.inference_mode():
            scores = chain(ids, model(ids).logits[:, -1].float())[0]
        expected = scores.double().softmax(-1)
        assert driver.readout.kept == int((scores > -math.inf).sum())
        for row in driver.readout.rows:
            assert row.renormalized == pytest.approx(float(expected[row.index]), abs=1e-6)
        await driver.pilot.press("left")
        assert "[kept by top-p]" in driver.title("probabilities")
        assert driver.rows("probabilities").split("\n")[0].startswith(f"{numbers_label(driver)} is kept")
        await driver.pilot.press("0")
        await until_under(driver, repetition_penalty=1.0, temperature=1.0, top_p=1.0)
        assert driver.readout.rows == plain
        assert driver.screen.forwarded is walked
        assert "kept" not in driver.title("probabilities")


def numbers_label(driver: Driver) -> str:
    from tui.app.render.glyphs import fit

    return fit(selected(driver).label, 24)


async def test_rows_are_found_watched_and_all_of_them_reached(state_folder: Path, tmp_path: Path) -> None:
    """Typed ahead as well: three times down past the end of what was sent counts."""
    _, settings = at_work(state_folder, tmp_path)
    async with playground(state_folder, (80, 24), settings) as driver:
        await driver.pilot.press("escape", "6", "slash", *"12", "enter")
        await driver.until(lambda: selected(driver).index == 12, "the row with id 12")
        assert driver.readout.found is not None
        assert driver.readout.found.how == "id"
        assert "“12”: 1 of " in driver.title("probabilities")
        await driver.pilot.press("w")
        await driver.until(lambda: len(driver.readout.watched) == 1, "the watched row")
        watched = driver.readout.watched[0]
        assert watched is not None
        assert watched.index == 12
        await driver.pilot.press("slash", *["backspace"] * 2, *"a", "enter", "n")
        await driver.until(lambda: "“a”: 2 of" in driver.title("probabilities"), "the second hit")
        assert "a" in selected(driver).label.casefold()
        await driver.pilot.press("N")
        await driver.until(lambda: "“a”: 1 of" in driver.title("probabilities"), "the first hit again")
        assert selected(driver).label.strip() == "a"
        await driver.pilot.press("end")
        await driver.until(lambda: selected(driver).rank == driver.readout.total - 1, "the last row")
        assert driver.readout.found is None
        assert "▸" in "\n".join(driver.painted()[13:19])
        await driver.pilot.press("home", "down", *["pagedown"] * 16, *["down"] * 3)
        page = driver.pane("probabilities").room - driver.pane("probabilities").pinned
        await driver.until(lambda: selected(driver).rank == 16 * page + 3, "every key to count")
        assert driver.readout.start > 0
        await driver.write("nobody laughed")
        again = driver.readout.watched[0]
        assert again is not None
        assert (again.index, again.label) == (12, watched.label)
        await driver.pilot.press("escape", "6", "home", "w")
        await driver.until(lambda: not driver.readout.watched, "the watched row to go")
        await driver.pilot.press("slash", "backspace", *"no such thing", "enter")
        await driver.until(lambda: "no row" in driver.title("probabilities"), "the failed search")
