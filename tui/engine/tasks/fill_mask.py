"""Fill-mask: a text with masks → ids → hidden states → logits at each mask → guesses and filled sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.engine.answers.masks import Typed, with_masks
from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Outcome, Prepared, refuse_empty
from tui.engine.rows.vocabulary import read_row
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout
from tui.protocol.answers import AnyView, Fill, Filled, Mask
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.walk import Step
from tui.tasks.forms import Value
from tui.tasks.targets import targets_of

if TYPE_CHECKING:
    import torch

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.tokenization.reading import TextTokenizer


@dataclass(frozen=True)
class MaskedText(Prepared):
    """A text with masks, tokenized."""

    typed: Typed | None = None
    """The text as the tokenizer got it; None where the tokenizer has no mask token."""
    places: tuple[int, ...] = ()
    """Positions of the masks."""
    targets: tuple[int, ...] | None = None
    """The only ids to look at; None for the whole vocabulary."""
    note: str = ""
    """What became of the targets."""


@dataclass(frozen=True, kw_only=True)
class Guesses(Outcome):
    """The logits of a text with masks, still on their device."""

    prepared: MaskedText
    logits: torch.Tensor
    """[positions, vocabulary], in the model's dtype."""

    @property
    def reading(self) -> Reading:
        """The text's tokens."""
        return self.prepared.readings[0]


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> MaskedText:
    """The text with every mask in the tokenizer's own spelling; offsets stay those of the text as typed.

    Raises EngineError for targets that are none.
    """
    text, mask = inputs["text"], tokenizer.mask_token
    if mask is None:
        return MaskedText(task, tokenizer, (tokenizer.read(text),), inputs, options)
    typed = with_masks(text, mask)
    reading = typed.reading_as_typed(tokenizer.read(typed.given))
    mask_id = tokenizer.id_of(mask)
    places = tuple(position for position, index in enumerate(reading.ids) if index == mask_id)
    targets, note = _targets(tokenizer, str(options["targets"] or ""))
    return MaskedText(
        task, tokenizer, (reading,), inputs, options, typed=typed, places=places, targets=targets, note=note
    )


def _targets(tokenizer: TextTokenizer, listed: str) -> tuple[tuple[int, ...] | None, str]:
    """The ids of the words in a list, as `FillMaskPipeline.get_target_ids` finds them, and its warnings."""
    words = targets_of(listed)
    if not words:
        return None, ""
    ids, warnings = [], []
    for word in words:
        index = tokenizer.id_of(word)
        if index is None:
            missing = f"The specified target token `{word}` does not exist in the model vocabulary."
            pieces = tokenizer.bare_ids(word, 1)
            if not pieces:
                warnings.append(f"{missing} We cannot replace it with anything meaningful, ignoring it")
                continue
            index = pieces[0]
            warnings.append(f"{missing} Replacing with `{tokenizer.entry(index)}`.")
        ids.append(index)
    if not ids:
        raise EngineError(
            "No target is in the vocabulary", " ".join(warnings), "Set other targets, or none of them (F2)."
        )
    return tuple(set(ids)), "\n".join(
        warnings
    )  # a set, for its order: that of the pipeline among equal scores


def forward(loaded: LoadedCheckpoint, prepared: MaskedText, check: Callable[[], None]) -> Guesses:
    """Run the model on the text. Raises EngineError where there is no mask."""
    from tui.engine.forward.running import run

    refuse_empty(prepared)
    _refuse_maskless(prepared)
    ran = run(loaded, prepared.readings[0])
    check()
    return Guesses(
        prepared=prepared, logits=ran.logits[0], steps=ran.steps, seconds=ran.seconds, norms=ran.norms
    )


def _refuse_maskless(prepared: MaskedText) -> None:
    mask, reading = prepared.tokenizer.mask_token, prepared.readings[0]
    if mask is None:
        raise EngineError(
            "This tokenizer has no mask token",
            "The checkpoint says of no token that it stands for a hidden word.",
            "Choose a checkpoint that was trained with masks.",
        )
    if prepared.places:
        return
    count = 0 if prepared.typed is None else len(prepared.typed.places)
    if count and reading.total > len(reading.ids):
        raise EngineError(
            "The mask is beyond what the model reads",
            f"The text has {reading.total:,} tokens, of which the first {len(reading.ids):,} are read; "
            "the mask is not among them.",
            "Put the mask nearer to the beginning, or make the text shorter.",
        )
    raise EngineError(
        "No mask in the text",
        f"None of its {len(reading.ids):,} tokens is {mask}, which stands for a word to guess.",
        f"Type ___ or {mask} where a word is to be guessed; F6 puts it where the text cursor stands.",
    )


def read_out(
    request_id: int, outcome: Guesses, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The distribution over the vocabulary at a position, that of the first mask where none is chosen."""
    places, last = outcome.prepared.places, len(outcome.logits) - 1
    position = places[0] if address.position is None else max(0, min(address.position, last))
    text = outcome.reading.tokens[position].text
    name = f"mask at position {position}" if position in places else f"position {position} “{text}”"
    return read_row(
        request_id,
        outcome.logits[position],
        outcome.prepared.tokenizer,
        settings,
        RowAddress(0, position),
        name,
    )


def answer(outcome: Guesses) -> tuple[Any, AnyView]:
    """What `pipeline("fill-mask")` returns: a list of guesses, or a list of such lists for several masks."""
    import torch

    prepared, tokenizer = outcome.prepared, outcome.prepared.tokenizer
    typed, mask = prepared.typed, tokenizer.mask_token
    assert typed is not None
    assert mask is not None
    top_k = prepared.options["top_k"]
    assert isinstance(top_k, int)
    places = list(prepared.places)
    # on the CPU and in the model's dtype: so the pipeline computes it
    probabilities = outcome.logits[places].cpu().softmax(dim=-1)
    ids = torch.arange(probabilities.shape[-1])
    if prepared.targets is not None:
        ids = torch.tensor(prepared.targets)
        probabilities = probabilities[..., ids]
    values, chosen = probabilities.topk(min(top_k, len(ids)))
    masks, answers = [], []
    for place, scores, rows in zip(places, values.tolist(), ids[chosen].tolist(), strict=True):
        found = [_guess(prepared, place, index, score) for index, score in zip(rows, scores, strict=True)]
        answers.append(found)
        start, end = typed.mask_at(outcome.reading.tokens[place])
        fills = tuple(_fill(prepared, place, start, each) for each in found)
        masks.append(Mask(place, start, end, fills))
    view = Filled(tuple(masks), mask, len(ids), prepared.note)
    return answers[0] if len(places) == 1 else answers, view


def _guess(prepared: MaskedText, place: int, index: int, score: float) -> dict[str, Any]:
    """One guess as the pipeline tells it: padding is left out, and special tokens where there is one mask."""
    tokenizer = prepared.tokenizer
    ids = list(prepared.readings[0].ids)
    ids[place] = index
    ids = [each for each in ids if each != tokenizer.pad_id]
    return {
        "score": score,
        "token": index,
        "token_str": tokenizer.decode([index]),
        "sequence": tokenizer.decode(ids, skip_special=len(prepared.places) == 1),
    }


def _fill(prepared: MaskedText, place: int, start: int | None, guess: dict[str, Any]) -> Fill:
    """The guess with what to type to have it there."""
    typed = guess["token_str"].strip()
    if start is not None:
        start, typed = _to_type(prepared, place, start, guess["token"], typed)
    if "\ufffd" in typed:
        typed = ""
    return Fill(guess["token"], guess["token_str"], guess["score"], guess["sequence"], start, typed)


def _to_type(prepared: MaskedText, place: int, start: int, index: int, typed: str) -> tuple[int, str]:
    """From which character on, and what: the token before the mask tells whether a gap stands between the two."""
    tokenizer, reading, text = prepared.tokenizer, prepared.readings[0], prepared.inputs["text"]
    before = reading.tokens[place - 1] if place else None
    if before is None or before.special or before.end is None:
        return start, typed
    alone, both = tokenizer.decode([before.id]), tokenizer.decode([before.id, index])
    rest = both.removeprefix(alone)
    if not (both.startswith(alone) and rest.strip()):
        return start, typed
    typed = rest.strip()
    gap = text[before.end : start]
    if not rest[0].isspace():
        return (before.end if gap.isspace() else start), typed
    splits_anyway = (
        tokenizer.continuing_prefix and not typed[0].isalnum()
    )  # WordPiece does before punctuation
    return start, typed if splits_anyway or text[start - 1 : start].isspace() else f" {typed}"
