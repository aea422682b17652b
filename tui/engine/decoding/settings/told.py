"""Which settings a generation obeys, and whose each of them is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.decoding.settings.in_force import (
    DEFAULT,
    SettingsTold,
    known,
    overruled,
    tell_others,
    tell_sampling,
)
from tui.engine.decoding.settings.plausible import refuse_ids_beyond, refuse_implausible, refuse_long_search
from tui.engine.decoding.settings.version_four import InForce, pipeline_settings, unheard
from tui.engine.errors import EngineError
from tui.engine.library.loops import has_own_code
from tui.engine.sources.files import CONFIG as _LEGACY
from tui.engine.sources.files import GENERATION_CONFIG as _FILE
from tui.protocol.answers import GenerationSetting
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from tui.engine.prompts.source_text import Source
    from tui.engine.tokenization.reading import TextTokenizer

YOURS = ("max_new_tokens", "min_new_tokens", "num_beams", "length_penalty", "no_repeat_ngram_size")
"""What a person can set."""
_OURS = "Logitscope"
_OTHER_WAYS = (
    "constraints", "force_words_ids", "penalty_alpha", "dola_layers", "stop_strings", "prompt_lookup_num_tokens",
    "assistant_early_exit", "diversity_penalty", "watermarking_config", "guidance_scale",
)  # fmt: skip
"""Settings that make `generate` do something else than greedy or beam search, or need more than ids."""
_GROWING = ("dynamic", "offloaded", "quantized")
"""Kinds of caches that are as long as what was read and written."""
_PLACED = ("decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id")
"""Settings that put a token somewhere, whatever the logits are."""


@dataclass(frozen=True)
class Plan:
    """How a generation is run."""

    arguments: Mapping[str, Any]
    """What `generate` is called with besides the ids."""
    settings: tuple[GenerationSetting, ...]
    start: int
    """The decoder's first token."""
    most: int
    """Most tokens of the decoder, the first one included."""
    most_by: str
    """The setting that says so, in words."""
    beams: int
    eos: frozenset[int]
    forced_bos: int | None
    forced_eos: int | list[int] | None
    max_time: float | None
    note: str


def plan(
    model: PreTrainedModel,
    tokenizer: TextTokenizer,
    options: Mapping[str, Value],
    source: Source,
    files: Mapping[str, Mapping[str, Any]],
) -> Plan:
    """The settings in force, by the priorities of the pipelines: yours, their own, the checkpoint's, the defaults.

    source: with the token of the target language and the task's own settings. files: the checkpoint's
    `generation_config.json`, if it has one, and its `config.json`, by name. Raises EngineError for a generation
    that can't be run here.
    """
    stated, defaults = known(model)
    own = {name: options[name] for name in YOURS if options.get(name) is not None}
    origins = {}
    if source.target_id is not None:
        own["forced_bos_token_id"] = source.target_id
        origins["forced_bos_token_id"] = "tgt_lang"
    file = _FILE if _FILE in files else _LEGACY
    pipeline = by_pipeline(model, source, files)
    told = SettingsTold(own, stated, defaults, origins, file, tokenizer, pipeline)
    refuse_implausible(stated, file, told.value("num_beams"), model)
    notes = []
    if told.value("do_sample"):
        own["do_sample"], origins["do_sample"] = False, _OURS
        notes.append("The checkpoint asks for sampling, which writes another text each time; it is off here.")
    _refuse_other_ways(told)
    refuse_ids_beyond(model, {name: told.value(name) for name in _PLACED})
    start = _start(told)
    most, most_by = _lengths(told, model)
    beams = int(told.value("num_beams"))
    refuse_long_search(beams, most, most_by)
    texts, about_texts = texts_returned(told.said("num_return_sequences") or 1, beams)
    arguments = {name: value for name, (value, _) in pipeline.items()}
    arguments |= own | {"num_return_sequences": texts, **growing_cache(model)}
    obeyed = {name: pipeline[name] for name in pipeline if name not in own}
    notes += filter(None, [about_texts, unheard(stated, obeyed, file)])
    told.tell("num_beams", " (greedy)" if beams == 1 else "")
    told.tell("do_sample")
    tell_others(told, beams)
    if _FILE not in files:
        notes.append(
            f"It has no {_FILE}: transformers takes what its {_LEGACY} says, where such settings once were."
        )
    else:
        notes += overruled(told, files.get(_LEGACY, {}))
    eos = told.value("eos_token_id")
    return Plan(
        arguments=arguments,
        settings=told.sorted(),
        start=start,
        most=most,
        most_by=most_by,
        beams=beams,
        eos=frozenset() if eos is None else frozenset(eos if isinstance(eos, list) else [eos]),
        forced_bos=told.value("forced_bos_token_id"),
        forced_eos=told.value("forced_eos_token_id"),
        max_time=told.value("max_time"),
        note=" ".join(notes),
    )


def refuse_stated(model: PreTrainedModel, folder: Path | None) -> None:
    """Raise EngineError for settings of a checkpoint, in a folder, that `generate` can't obey as they are."""
    stated, _ = known(model)
    file = _FILE if folder is not None and (folder / _FILE).is_file() else _LEGACY
    refuse_implausible(stated, file, stated.get("num_beams") or 1, model)
    _refuse_ways_of_others(model, stated, file)
    refuse_ids_beyond(model, {name: stated.get(name) for name in _PLACED[1:]})


def _refuse_ways_of_others(model: PreTrainedModel, stated: Mapping[str, Any], file: str) -> None:
    """Raise EngineError for a search that transformers has no code of its own for, and for stop strings."""
    config = copy.deepcopy(model.generation_config)
    config.do_sample = False
    names = [name for name in _OTHER_WAYS if stated.get(name) not in (None, 0, 0.0, [])]
    if not has_own_code(config) or stated.get("stop_strings"):
        raise _no_such_search(names or [config.get_generation_mode().value], file)


def by_pipeline(
    model: PreTrainedModel, source: Source, files: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Any, str]]:
    """What the pipeline of summarization or translation sets by itself or by the task's own parameters.

    source: with these parameters. files: as for `plan`. Raises EngineError for parameters that nothing can obey.
    """
    stated, defaults = known(model)
    refuse_implausible(source.params, source.params_from, source.params.get("num_beams") or 1, model)
    version = files.get(_FILE, {}).get("transformers_version")
    return pipeline_settings(stated, defaults, source.params, source.params_from, version)


def texts_returned(wanted: int, beams: int) -> tuple[int, str]:
    """How many texts `generate` gives of those that the checkpoint asks for; what to say where it asks for several.

    Without sampling there are no more of them than beams.
    """
    count = min(wanted, beams)
    if wanted == 1:
        return 1, ""
    if count == 1:
        return 1, f"The checkpoint asks for {wanted} texts; without sampling and beams there is one."
    asked = f"The checkpoint asks for {wanted} texts"
    fewer = "" if count == wanted else f"; {beams} beams give {count}"
    return count, f"{asked}{fewer}. The probabilities are those of the best one."


def behind_prefix(model: PreTrainedModel, prefix: int, own: Mapping[str, Any]) -> dict[str, int]:
    """The checkpoint's least length with the tokens of a prompt's prefix, which the pipeline doesn't count in it.

    own: what else `generate` is called with.
    """
    least, new = model.generation_config.min_length, model.generation_config.min_new_tokens
    if not (prefix and least) or new is not None or own.get("min_new_tokens") is not None:
        return {}
    return {"min_length": least + prefix}


def growing_cache(model: PreTrainedModel) -> dict[str, None]:
    """What `generate` is called with so that its cache grows: a fixed one is as long as any text may be."""
    stated = model.generation_config.cache_implementation
    return {} if stated is None or stated in _GROWING else {"cache_implementation": None}


@dataclass(frozen=True)
class WritingSettings:
    """What writing token by token obeys."""

    settings: tuple[GenerationSetting, ...]
    start: int | None
    """The decoder's first token; None for a decoder alone, which goes on with its prompt."""
    stated: int | None
    """Tokens after the prompt (the start token) that a setting allows; None where none does."""
    stated_by: GenerationSetting | None
    """That setting."""
    eos: frozenset[int]
    forced_eos: int | list[int] | None
    max_time: float | None


def writing(
    model: PreTrainedModel,
    tokenizer: TextTokenizer,
    own: Mapping[str, Any],
    origins: Mapping[str, str],
    files: Mapping[str, Mapping[str, Any]],
    prompt: int | None,
    pipeline: InForce,
) -> WritingSettings:
    """The settings in force where every token is looked at. Raises EngineError for what can't be run here.

    own: what `generate` is called with. origins: of the names in `own`, those that are not yours. prompt: tokens of
    a decoder's prompt, None for one that writes from what an encoder read. files: as for `plan`. pipeline: what
    `by_pipeline` gives for the latter.
    """
    stated, defaults = known(model)
    file = _FILE if _FILE in files else _LEGACY
    refuse_implausible(stated, file, own.get("num_beams") or stated.get("num_beams") or 1, model)
    told = SettingsTold(own, stated, defaults, origins, file, tokenizer, pipeline)
    _refuse_other_ways(told)
    refuse_ids_beyond(model, {name: told.value(name) for name in _PLACED})
    start = _start(told) if prompt is None else None
    told.tell("do_sample")
    beams = int(told.value("num_beams"))
    if beams > 1 or (stated.get("num_beams") or 1) > 1:
        told.tell("num_beams", " (one token after the other)" if beams == 1 else "")
    if told.value("do_sample"):
        tell_sampling(told)
    if "num_return_sequences" in own:
        told.tell("num_return_sequences")
    for name in ("min_new_tokens", "min_length"):
        if told.value(name):
            told.tell(name)
    tell_others(told, beams)
    told.leave_out_what_is_off()
    most, by = _stated_length(told, 1 if prompt is None else prompt)
    eos = told.value("eos_token_id")
    return WritingSettings(
        settings=told.sorted(),
        start=start,
        stated=most,
        stated_by=by,
        eos=frozenset() if eos is None else frozenset(eos if isinstance(eos, list) else [eos]),
        forced_eos=told.value("forced_eos_token_id"),
        max_time=told.value("max_time"),
    )


def _stated_length(told: SettingsTold, before: int) -> tuple[int | None, GenerationSetting | None]:
    """Most tokens after those `before`, and the setting that says so."""
    new, whole = told.value("max_new_tokens"), told.said("max_length")
    if new is not None:
        return int(new), GenerationSetting("max_new_tokens", str(new), told.origin("max_new_tokens"))
    if whole is not None:
        return max(0, int(whole) - before), GenerationSetting(
            "max_length", str(whole), told.origin("max_length")
        )
    return None, None


def _start(told: SettingsTold) -> int:
    start = told.value("decoder_start_token_id")
    if isinstance(start, int):
        told.tell("decoder_start_token_id")
        return start
    bos = told.value("bos_token_id")
    if not isinstance(bos, int):
        raise EngineError(
            "The decoder doesn't know how to begin",
            "Neither decoder_start_token_id nor bos_token_id stands in the checkpoint's files.",
            f"Put decoder_start_token_id into its {_FILE}.",
        )
    told.rows.append(
        GenerationSetting(
            "decoder_start_token_id", f"{bos} {told.tokenizer.entry(bos)}", f"bos_token_id, {told.file}"
        )
    )
    return bos


def _lengths(told: SettingsTold, model: PreTrainedModel) -> tuple[int, str]:
    """Most tokens, the start token included, and the setting that says so; the rules of `generate`."""
    if told.value("min_new_tokens") is not None:
        told.tell("min_new_tokens")
    elif told.value("min_length"):
        told.tell("min_length", " with the start token")
    new = told.value("max_new_tokens")
    if new is not None:
        told.tell("max_new_tokens")
        return new + 1, f"max_new_tokens {new}"
    if told.said("max_length") is not None:
        most = int(told.said("max_length"))
        if most < 2:
            raise EngineError(
                "No room to write",
                f"The checkpoint's max_length is {most}, and the start token is one.",
                "Set max_new_tokens (F2).",
            )
        told.tell("max_length", " with the start token")
        return most, f"max_length {most}"
    most = int(told.defaults["max_length"]) + 1
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None:
        most = min(most, positions)
    told.tell("max_length", " new tokens; max_new_tokens (F2) changes it", most - 1)
    return most, f"{DEFAULT} of {most - 1} new tokens"


def _refuse_other_ways(told: SettingsTold) -> None:
    names = [name for name in _OTHER_WAYS if told.value(name) not in (None, 0, 0.0, [])]
    if (told.value("num_beam_groups") or 1) > 1:
        names.append("num_beam_groups")
    if names:
        raise _no_such_search(names, told.file)


def _no_such_search(names: list[str], file: str) -> EngineError:
    return EngineError(
        "The checkpoint asks for a search that is not run here",
        f"Its settings name {', '.join(names)}; Logitscope runs greedy and beam search.",
        f"Take them out of its {file}.",
    )
