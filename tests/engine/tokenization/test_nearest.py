"""The nearest tokens against a look at every pair, in numbers that don't round."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from tokenizers import Tokenizer, models

from tui.engine.errors import EngineError
from tui.engine.tokenization import nearest
from tui.engine.tokenization.nearest import nearest_tokens
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.protocol.microscope.vocabulary import NearestTokens

WORDS = 60
TOKENIZER = RustTokenizer(
    Tokenizer(models.WordLevel({f"w{index}": index for index in range(WORDS)}, unk_token="w0")),
    None,
    (),
    frozenset(),
    None,
)


def by_hand(embeddings: torch.Tensor, index: int) -> list[tuple[float, int]]:
    """Every other row with its cosine, from exact fractions, the nearest first."""
    rows = [[Fraction(number) for number in row] for row in embeddings.double().tolist()]

    def product(left: list[Fraction], right: list[Fraction]) -> Fraction:
        return sum((one * other for one, other in zip(left, right, strict=True)), Fraction(0))

    own = rows[index]
    ranked = []
    for place, row in enumerate(rows):
        if place != index and any(row):
            dot = product(own, row)
            square = dot * abs(dot) / (product(own, own) * product(row, row))  # keeps sign and order
            ranked.append((-square, place))
    return [(math.copysign(math.sqrt(abs(square)), -square), place) for square, place in sorted(ranked)]


def ids(answer: NearestTokens) -> list[int]:
    return [near.entry.id for near in answer.nearest]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("chunk_rows", [1, 7, 1000])
def test_they_are_the_nearest(dtype: torch.dtype, chunk_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_CHUNK_BYTES", chunk_rows * 8 * 8)
    torch.manual_seed(3)
    embeddings = torch.randn(WORDS + 4, 8).to(dtype)  # some rows more than entries
    for index in (0, 17, WORDS + 3):
        expected = by_hand(embeddings, index)
        answer = nearest_tokens(TOKENIZER, embeddings, index, 12)
        assert ids(answer) == [place for _, place in expected[:12]]
        for near, (cosine, _) in zip(answer.nearest, expected, strict=False):
            assert near.cosine == pytest.approx(cosine, abs=1e-15)
        assert (answer.compared, answer.left_out) == (WORDS + 3, 0)
        assert answer.norm == pytest.approx(embeddings[index].double().norm().item(), rel=1e-15)


def test_equal_rows_are_told_by_their_ids_whatever_part_they_are_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_CHUNK_BYTES", 5 * 8 * 33)
    torch.manual_seed(5)
    embeddings = torch.randn(WORDS, 33)
    same = [3, 8, 21, 22, 40, 59]
    embeddings[same] = embeddings[3].clone()
    answer = nearest_tokens(TOKENIZER, embeddings, 21, 7)
    assert ids(answer)[:5] == [3, 8, 22, 40, 59]
    assert {near.cosine for near in answer.nearest[:5]} == {1.0}
    assert ids(nearest_tokens(TOKENIZER, embeddings, 21, 2)) == [3, 8]


def test_rows_without_a_direction_are_left_out() -> None:
    embeddings = torch.eye(6)
    embeddings[1] = 0
    embeddings[2, 0] = math.nan
    embeddings[3, 0] = math.inf
    answer = nearest_tokens(TOKENIZER, embeddings, 0, 10)
    assert (ids(answer), answer.compared, answer.left_out) == ([4, 5], 2, 3)
    for index in (1, 2, 3):
        none = nearest_tokens(TOKENIZER, embeddings, index, 10)
        assert (none.nearest, none.compared) == ((), 0)
    assert nearest_tokens(TOKENIZER, embeddings, 1).norm == 0


def test_opposite_and_scaled_rows_have_whole_cosines() -> None:
    embeddings = torch.tensor([[0.1, 0.3, -0.7], [0.2, 0.6, -1.4], [-0.1, -0.3, 0.7]])
    assert [near.cosine for near in nearest_tokens(TOKENIZER, embeddings, 0).nearest] == [1.0, -1.0]


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(EngineError, match="0 to 3, none for 4"):
        nearest_tokens(TOKENIZER, torch.eye(4), 4)
    with pytest.raises(EngineError, match="none for -1"):
        nearest_tokens(TOKENIZER, torch.eye(4), -1)
    with pytest.raises(EngineError, match="no rows"):
        nearest_tokens(TOKENIZER, torch.zeros(0, 4), 0)


def test_one_row_alone_has_no_neighbors() -> None:
    assert nearest_tokens(TOKENIZER, torch.ones(1, 4), 0).nearest == ()
    assert nearest_tokens(TOKENIZER, torch.eye(4), 0, 0).nearest == ()


def test_it_can_be_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_CHUNK_BYTES", 8)
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        nearest_tokens(TOKENIZER, torch.randn(50, 4), 0, check=check)
    assert len(calls) == 3


def test_in_a_built_in_model() -> None:
    from safetensors import safe_open

    from tui import catalogue

    opened = open_tokenizer("nano-sentiment")
    folder = catalogue.built_in_folder("nano-sentiment")
    assert folder is not None
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        name = next(key for key in weights.keys() if key.endswith("word_embeddings.weight"))  # noqa: SIM118
        embeddings = weights.get_tensor(name)
    index = opened.tokenizer.id_of("good")
    assert index is not None
    answer = nearest_tokens(opened.tokenizer, embeddings, index, 8)
    wide = embeddings.double()
    cosines = torch.nn.functional.cosine_similarity(wide, wide[index][None], dim=1)
    cosines[index] = -2
    expected = torch.topk(cosines, 8)
    assert ids(answer) == expected.indices.tolist()
    assert [near.cosine for near in answer.nearest] == pytest.approx(expected.values.tolist(), abs=1e-12)
