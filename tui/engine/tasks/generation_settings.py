"""Which settings a generation obeys, and whose each of them is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError
from tui.engine.tasks.plausible_settings import refuse_implausible, refuse_long_search
from tui.forms import Value
from tui.views import GenerationSetting

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from tui.engine.tokenization.reading import TextTokenizer

YOURS = ("max_new_tokens", "min_new_tokens", "num_beams", "length_penalty", "no_repeat_ngram_size")
"""What a person can set."""
_FILE = "generation_config.json"
_LEGACY = "config.json"
_DEFAULT = "transformers' default"
_OURS = "Logitscope"
_SAMPLING = frozenset({
    "temperature", "top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff",
})  # fmt: skip
_BEAMS = frozenset({"length_penalty", "early_stopping"})
_LENGTHS = frozenset({"max_length", "max_new_tokens", "min_length", "min_new_tokens"})
_NOT_ABOUT_THE_TEXT = frozenset({
    "output_attentions", "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate",
    "num_return_sequences", "use_cache", "cache_implementation", "cache_config", "max_cache_len", "bos_token_id",
    "pad_token_id", "transformers_version", "compile_config", "disable_compile", "prefill_chunk_size", "low_memory",
    "use_mtp", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_lookbehind",
    "assistant_confidence_threshold", "target_lookbehind", "max_matching_ngram_size", "continuous_batching_config",
})  # fmt: skip
_OTHER_WAYS = (
    "constraints", "force_words_ids", "penalty_alpha", "dola_layers", "stop_strings", "prompt_lookup_num_tokens",
    "assistant_early_exit", "diversity_penalty", "watermarking_config", "guidance_scale",
)  # fmt: skip
"""Settings that make `generate` do something else than greedy or beam search, or need more than ids."""
_AT_REST: Mapping[str, Any] = {
    "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "typical_p": 1.0, "repetition_penalty": 1.0,
    "num_beams": 1, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0,
}  # fmt: skip
"""What turns a setting off that is told of only when it is on, or when the checkpoint turns it on."""
_GROWING = ("dynamic", "offloaded", "quantized")
"""Kinds of caches that are as long as what was read and written."""
_FIRST = ("decoder_start_token_id", "max_new_tokens", "max_length", "num_beams")


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


@dataclass
class _Settings:
    """Every setting by name, with whose it is."""

    own: Mapping[str, Any]
    """What `generate` is called with."""
    stated: Mapping[str, Any]
    """What the checkpoint says."""
    defaults: Mapping[str, Any]
    origins: Mapping[str, str]
    """Of the names in `own`."""
    file: str
    """Where `stated` comes from."""
    tokenizer: TextTokenizer
    rows: list[GenerationSetting] = field(default_factory=list)

    def value(self, name: str) -> Any:
        """The setting in force; None in `own` turns it off."""
        if name in self.own:
            return self.own[name]
        for place in (self.stated, self.defaults):
            if place.get(name) is not None:
                return place[name]
        return None

    def origin(self, name: str) -> str:
        """Whose it is."""
        if name in self.own:
            return self.origins.get(name, "yours")
        return self.file if self.stated.get(name) is not None else _DEFAULT

    def tell(self, name: str, remark: str = "", value: Any = None) -> None:
        """Add a row."""
        shown = self._shown(name, self.value(name) if value is None else value)
        self.rows.append(GenerationSetting(name, shown + remark, self.origin(name)))

    def sorted(self) -> tuple[GenerationSetting, ...]:
        """The rows, those about beginning, end and beams first."""
        return tuple(sorted(self.rows, key=lambda row: _FIRST.index(row.name) if row.name in _FIRST else 9))

    def _shown(self, name: str, value: Any) -> str:
        if name.endswith("token_id"):
            ids = value if isinstance(value, list) else [value]
            return ", ".join(f"{index} {self.tokenizer.entry(index)}".strip() for index in ids)
        if isinstance(value, list) and len(value) > 4:
            return f"{', '.join(map(str, value[:4]))} and {len(value) - 4:,} more"
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def plan(
    model: PreTrainedModel,
    tokenizer: TextTokenizer,
    options: Mapping[str, Value],
    target_id: int | None,
    files: Mapping[str, Mapping[str, Any]],
) -> Plan:
    """The settings in force, by the priorities of `generate`: yours, the checkpoint's, transformers' own.

    target_id: the token of the target language. files: the checkpoint's `generation_config.json`, if it has one,
    and its `config.json`, by name. Raises EngineError for a generation that can't be run here.
    """
    stated, defaults = _known(model)
    own = {name: options[name] for name in YOURS if options.get(name) is not None}
    origins = {}
    if target_id is not None:
        own["forced_bos_token_id"] = target_id
        origins["forced_bos_token_id"] = "tgt_lang"
    file = _FILE if _FILE in files else _LEGACY
    refuse_implausible(stated, file, own.get("num_beams") or stated.get("num_beams") or 1, model)
    notes = []
    if stated.get("do_sample"):
        own["do_sample"], origins["do_sample"] = False, _OURS
        notes.append("The checkpoint asks for sampling, which writes another text each time; it is off here.")
    if (stated.get("num_return_sequences") or 1) > 1:
        own["num_return_sequences"] = 1
        notes.append(
            f"The checkpoint asks for {stated['num_return_sequences']} texts; the best one is written."
        )
    told = _Settings(own, stated, defaults, origins, file, tokenizer)
    _refuse_other_ways(told)
    start = _start(told)
    most, most_by = _lengths(told, model)
    beams = int(told.value("num_beams"))
    refuse_long_search(beams, most, most_by)
    own |= growing_cache(model)
    told.tell("num_beams", " (greedy)" if beams == 1 else "")
    told.tell("do_sample")
    _tell_others(told, beams)
    if _FILE not in files:
        notes.append(
            f"It has no {_FILE}: transformers takes what its {_LEGACY} says, where such settings once were."
        )
    else:
        notes += _overruled(told, files.get(_LEGACY, {}))
    eos = told.value("eos_token_id")
    return Plan(
        arguments=own,
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
    stated, _ = _known(model)
    file = _FILE if folder is not None and (folder / _FILE).is_file() else _LEGACY
    refuse_implausible(stated, file, stated.get("num_beams") or 1, model)
    _refuse_ways_of_others(model, stated, file)


def _refuse_ways_of_others(model: PreTrainedModel, stated: Mapping[str, Any], file: str) -> None:
    """Raise EngineError for a search that transformers has no code of its own for, and for stop strings."""
    from transformers.generation.utils import GENERATION_MODES_MAPPING

    config = copy.deepcopy(model.generation_config)
    config.do_sample = False
    mode = config.get_generation_mode()
    names = [name for name in _OTHER_WAYS if stated.get(name) not in (None, 0, 0.0, [])]
    if "/" in GENERATION_MODES_MAPPING[mode] or stated.get("stop_strings"):  # code of a repository
        raise _no_such_search(names or [mode.value], file)


def growing_cache(model: PreTrainedModel) -> dict[str, None]:
    """What `generate` is called with so that its cache grows: a fixed one is as long as any text may be."""
    stated = model.generation_config.cache_implementation
    return {} if stated is None or stated in _GROWING else {"cache_implementation": None}


def _known(model: PreTrainedModel) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the checkpoint says, and transformers' defaults."""
    from transformers import GenerationConfig

    stated = {
        name: value for name, value in vars(model.generation_config).items() if not name.startswith("_")
    }
    return stated, GenerationConfig._get_default_generation_params()


@dataclass(frozen=True)
class Writing:
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
) -> Writing:
    """The settings in force where every token is looked at. Raises EngineError for what can't be run here.

    own: what `generate` is called with. origins: of the names in `own`, those that are not yours. prompt: tokens of
    a decoder's prompt, None for one that writes from what an encoder read. files: as for `plan`.
    """
    stated, defaults = _known(model)
    file = _FILE if _FILE in files else _LEGACY
    refuse_implausible(stated, file, own.get("num_beams") or stated.get("num_beams") or 1, model)
    told = _Settings(own, stated, defaults, origins, file, tokenizer)
    _refuse_other_ways(told)
    start = _start(told) if prompt is None else None
    told.tell("do_sample")
    beams = int(told.value("num_beams"))
    if beams > 1 or (stated.get("num_beams") or 1) > 1:
        told.tell("num_beams", " (one token after the other)" if beams == 1 else "")
    if told.value("do_sample"):
        _tell_sampling(told)
    for name in ("min_new_tokens", "min_length"):
        if told.value(name):
            told.tell(name)
    _tell_others(told, beams)
    at_rest = {
        name for name in _AT_REST if not (_is_on(name, told.value(name)) or _is_on(name, stated.get(name)))
    }
    told.rows[:] = [row for row in told.rows if row.name not in at_rest]
    most, by = _stated_length(told, 1 if prompt is None else prompt)
    eos = told.value("eos_token_id")
    return Writing(
        settings=told.sorted(),
        start=start,
        stated=most,
        stated_by=by,
        eos=frozenset() if eos is None else frozenset(eos if isinstance(eos, list) else [eos]),
        forced_eos=told.value("forced_eos_token_id"),
        max_time=told.value("max_time"),
    )


def _tell_sampling(told: _Settings) -> None:
    """What is on of the settings that say how a token is drawn, and what was turned off."""
    for name in sorted(_SAMPLING):
        if _is_on(name, told.value(name)):
            told.tell(name)
        elif name in told.own:
            told.tell(name, value=_AT_REST[name])


def _is_on(name: str, value: Any) -> bool:
    return value not in (None, _AT_REST.get(name))


def _stated_length(told: _Settings, before: int) -> tuple[int | None, GenerationSetting | None]:
    """Most tokens after those `before`, and the setting that says so."""
    new, whole = told.value("max_new_tokens"), told.stated.get("max_length")
    if new is not None:
        return int(new), GenerationSetting("max_new_tokens", str(new), told.origin("max_new_tokens"))
    if whole is not None:
        return max(0, int(whole) - before), GenerationSetting(
            "max_length", str(whole), told.origin("max_length")
        )
    return None, None


def _start(told: _Settings) -> int:
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


def _lengths(told: _Settings, model: PreTrainedModel) -> tuple[int, str]:
    """Most tokens, the start token included, and the setting that says so; the rules of `generate`."""
    if told.value("min_new_tokens") is not None:
        told.tell("min_new_tokens")
    elif told.value("min_length"):
        told.tell("min_length", " with the start token")
    new = told.value("max_new_tokens")
    if new is not None:
        told.tell("max_new_tokens")
        return new + 1, f"max_new_tokens {new}"
    if told.stated.get("max_length") is not None:
        most = int(told.stated["max_length"])
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
    return most, f"{_DEFAULT} of {most - 1} new tokens"


def _tell_others(told: _Settings, beams: int) -> None:
    """Every other setting that is not at rest."""
    told_already = {row.name for row in told.rows}
    for name in sorted({*told.own, *told.stated}):
        if name in told_already or name in _NOT_ABOUT_THE_TEXT or name in _LENGTHS or name in _SAMPLING:
            continue
        value = told.value(name)
        if name in _BEAMS and beams == 1:
            if name in told.own:
                told.tell(name, " (not in force: one beam)")
        elif value is not None and (name in told.own or value != told.defaults.get(name)):
            told.tell(name)
    if beams > 1:
        for name in sorted(_BEAMS - {row.name for row in told.rows}):
            told.tell(name)


def _refuse_other_ways(told: _Settings) -> None:
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


def _overruled(told: _Settings, config: Mapping[str, Any]) -> list[str]:
    """What `config.json` says otherwise than `generation_config.json`, which goes first."""
    names = [
        f"{name} {config[name]}"
        for name in sorted(told.defaults)
        if name not in _NOT_ABOUT_THE_TEXT
        and config.get(name) is not None
        and config[name] not in (told.stated.get(name), told.defaults[name])
    ]
    return [f"Not in force, as {_FILE} goes first: {', '.join(names)} in {_LEGACY}."] if names else []
