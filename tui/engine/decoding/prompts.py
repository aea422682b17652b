"""What stands before the first written token, and what `generate` is called with to go on from there.

Imports torch, inside functions only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.engine.decoding.settings import told as generation_settings
from tui.engine.decoding.settings.told import by_pipeline
from tui.engine.decoding.settings.version_four import InForce
from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Prepared, refuse_empty
from tui.engine.prompts.before_text import checkpoint_files
from tui.engine.prompts.source_text import SourceText
from tui.engine.sources.limits import position_limit
from tui.protocol import Search, Write
from tui.protocol.answers import GenerationSetting

if TYPE_CHECKING:
    import torch

    from tui.engine.checkpoint.loading import LoadedCheckpoint


_MOST = ("max_length", "max_new_tokens")
"""Settings that `Beginning.most` stands for."""


@dataclass(frozen=True)
class Beginning:
    """A prompt ready for `generate`, and how far it may go."""

    prepared: Prepared
    inputs: Mapping[str, torch.Tensor]
    """The model's inputs, [1, positions]: the prompt's, or the encoder's."""
    ids: tuple[int, ...]
    """Before the first written token: the prompt, or the decoder's start token."""
    source: tuple[int, ...]
    """What the encoder reads; nothing for a decoder alone."""
    written: tuple[int, ...]
    most: int
    """Tokens after the prompt at which writing ends, the written ones included."""
    most_by: str
    """The setting that says so, in words; empty where it is what was asked for, a pause on the way."""
    limit: int | None
    """Most positions that the model has."""
    eos: frozenset[int]
    """Ids that end a text."""
    settings: tuple[GenerationSetting, ...]
    own: Mapping[str, Any]
    """Arguments of `generate` besides the inputs and what stands in `arguments`."""
    note: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """What `generate` is called with besides the inputs. Lengths count from the prompt, whatever is written."""
        return {**self.own, "max_new_tokens": max(1, self.most)}


def beginning(
    loaded: LoadedCheckpoint, prepared: Prepared, request: Write, decoding: Mapping[str, Any]
) -> Beginning:
    """What a request goes on from. decoding: the arguments that `processors.arguments` makes of its settings.

    Raises EngineError for a prompt that is empty or was cut, for more ids than the model has positions, for ids
    that it has no embedding for, and for banned ones that it has no logit for.
    """
    from tui.engine.forward.running import check_first, check_ids, tensors

    refuse_empty(prepared)
    check_first(loaded.model, prepared)
    reading = prepared.readings[0]
    encoder = isinstance(prepared, SourceText)
    if not encoder and reading.total > len(reading.ids):
        raise EngineError(
            "The prompt is too long to go on with",
            f"It has {reading.total:,} tokens; {len(reading.ids):,} fit, and the rest would not be read.",
            "Shorten it.",
        )
    check_ids(loaded.model, [*reading.ids, *request.written])
    if any(index < 0 for index in request.written):
        raise EngineError(
            "No such token", f"{min(request.written)} is no id: they count from 0.", "Use ids from 0 up."
        )
    _check_banned(loaded, request.decoding.banned)
    files = checkpoint_files(loaded.tokenizer.folder)
    pipeline = by_pipeline(loaded.model, prepared.source, files) if isinstance(prepared, SourceText) else {}
    own, origins = _own(loaded, prepared, decoding, request.unset, pipeline)
    before = None if encoder else len(reading.ids) - prepared.prefix_tokens
    in_force = generation_settings.writing(
        loaded.model, loaded.tokenizer, own, origins, files, before, pipeline
    )
    ids = tuple(reading.ids) if in_force.start is None else (in_force.start,)
    most, most_by, settings = len(request.written) + request.most, "", in_force.settings
    if request.unless_stated and in_force.stated is not None and in_force.stated_by is not None:
        by = in_force.stated_by
        most, most_by, settings = in_force.stated, f"{by.name} {by.value}", (*settings, by)
    elif request.ends:
        own_word = f"max_new_tokens {request.most}"
        most_by = f"the default of {request.most:,} new tokens" if request.unless_stated else own_word
    elif in_force.forced_eos is not None and not isinstance(request, Search):
        own["forced_eos_token_id"] = None  # what was asked for ends in a pause
        settings = tuple(row for row in settings if row.name != "forced_eos_token_id")
    limit = position_limit(loaded.model.config.get_text_config(decoder=True).to_dict(), "decoder")
    if limit is not None and len(ids) + len(request.written) > limit + 1:
        raise EngineError(
            "There are not so many positions",
            f"{len(ids):,} tokens of the prompt and {len(request.written):,} written ones are more than the "
            f"{limit:,} that the model has positions for.",
            "Take some away at the end, or shorten the prompt.",
        )
    return Beginning(
        prepared=prepared,
        inputs=tensors(loaded, reading),
        ids=ids,
        source=tuple(reading.ids) if encoder else (),
        written=request.written,
        most=most,
        most_by=most_by,
        limit=limit,
        eos=in_force.eos,
        settings=settings,
        own={name: value for name, (value, _) in pipeline.items() if name not in _MOST} | own,
        note=_note(prepared),
    )


def _check_banned(loaded: LoadedCheckpoint, banned: Sequence[int]) -> None:
    from tui.engine.forward.model_parts import head_rows

    rows = head_rows(loaded.model) if banned else None
    if rows is None:
        return
    last = rows - 1
    beyond = [each for each in banned if not 0 <= each <= last]
    if beyond:
        raise EngineError(
            "No such token",
            f"{', '.join(map(str, beyond))} can't be banned: the model's ids go from 0 to {last}.",
            f"Ban ids from 0 to {last}.",
        )


def _own(
    loaded: LoadedCheckpoint,
    prepared: Prepared,
    decoding: Mapping[str, Any],
    unset: Sequence[str],
    pipeline: InForce,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments of `generate` that somebody chose, and whose they are where they are not yours."""
    own: dict[str, Any] = {}
    origins = dict.fromkeys(unset, "Logitscope")
    if isinstance(prepared, SourceText):
        own |= {
            name: value
            for name in generation_settings.YOURS
            if (value := prepared.options.get(name)) is not None
        }
        if prepared.source.target_id is not None:
            own["forced_bos_token_id"] = prepared.source.target_id
            origins["forced_bos_token_id"] = "tgt_lang"
    own |= {name: value for name, value in decoding.items() if not _is_the_tasks(name, unset, pipeline)}
    texts = pipeline.get("num_return_sequences", (loaded.model.generation_config.num_return_sequences, ""))[0]
    if (texts or 1) > 1:
        own["num_return_sequences"], origins["num_return_sequences"] = 1, "Logitscope"
    own |= generation_settings.growing_cache(loaded.model)
    own |= generation_settings.behind_prefix(loaded.model, prepared.prefix_tokens, own)
    if loaded.model.generation_config.pad_token_id is None and loaded.tokenizer.pad_id is not None:
        own["pad_token_id"] = loaded.tokenizer.pad_id
    return own, origins


def _is_the_tasks(name: str, unset: Sequence[str], pipeline: InForce) -> bool:
    """Whether nobody set what the task's own parameters set; how wide is searched, and drawn, is always said."""
    return name in unset and name in pipeline and name not in ("num_beams", "do_sample")


def _note(prepared: Prepared) -> str:
    """What to know of a source that was cut to the checkpoint's limit."""
    if not isinstance(prepared, SourceText):
        return ""
    reading = prepared.readings[0]
    cut = ""
    if reading.total > len(reading.ids):
        cut = f"The encoder reads {len(reading.ids):,} of {reading.total:,} tokens: this checkpoint's limit."
    return " ".join(filter(None, (cut, prepared.source.note)))
