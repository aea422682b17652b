"""Every setting of a generation by name, whose it is, and which of them are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.engine.decoding.settings.version_four import InForce
from tui.engine.library.loops import default_settings
from tui.engine.sources.files import CONFIG, GENERATION_CONFIG
from tui.protocol.answers import GenerationSetting

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from tui.engine.tokenization.reading import TextTokenizer

DEFAULT = "transformers' default"
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
_AT_REST: Mapping[str, Any] = {
    "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "typical_p": 1.0, "repetition_penalty": 1.0,
    "num_beams": 1, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0,
}  # fmt: skip
"""What turns a setting off that is told of only when it is on, or when the checkpoint turns it on."""
_FIRST = ("decoder_start_token_id", "max_new_tokens", "max_length", "num_beams")


@dataclass
class SettingsTold:
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
    pipeline: InForce = field(default_factory=dict)
    """What the task's pipeline puts in the place of what is stated."""
    rows: list[GenerationSetting] = field(default_factory=list)

    def value(self, name: str) -> Any:
        """The setting in force; None in `own` turns it off."""
        value = self.said(name)
        set_otherwise = name in self.own or name in self.pipeline
        return self.defaults.get(name) if value is None and not set_otherwise else value

    def said(self, name: str) -> Any:
        """The setting as somebody set it, whoever it was; None where nobody did."""
        if name in self.own:
            return self.own[name]
        return self.pipeline[name][0] if name in self.pipeline else self.stated.get(name)

    def origin(self, name: str) -> str:
        """Whose it is."""
        if name in self.own:
            return self.origins.get(name, "yours")
        if name in self.pipeline:
            return self.pipeline[name][1]
        return self.file if self.stated.get(name) is not None else DEFAULT

    def tell(self, name: str, remark: str = "", value: Any = None) -> None:
        """Add a row."""
        shown = self._shown(name, self.value(name) if value is None else value)
        self.rows.append(GenerationSetting(name, shown + remark, self.origin(name)))

    def sorted(self) -> tuple[GenerationSetting, ...]:
        """The rows, those about beginning, end and beams first."""
        return tuple(sorted(self.rows, key=lambda row: _FIRST.index(row.name) if row.name in _FIRST else 9))

    def leave_out_what_is_off(self) -> None:
        """Take the rows away of what nobody turned on, and the checkpoint does not either."""
        off = {
            name
            for name in _AT_REST
            if not (_is_on(name, self.value(name)) or _is_on(name, self.stated.get(name)))
        }
        self.rows[:] = [row for row in self.rows if row.name not in off]

    def _shown(self, name: str, value: Any) -> str:
        if name.endswith("token_id"):
            ids = value if isinstance(value, list) else [value]
            return ", ".join(f"{index} {self.tokenizer.entry(index)}".strip() for index in ids)
        if isinstance(value, list) and len(value) > 4:
            return f"{', '.join(map(str, value[:4]))} and {len(value) - 4:,} more"
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def known(model: PreTrainedModel) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the checkpoint says, and transformers' defaults."""
    stated = {
        name: value for name, value in vars(model.generation_config).items() if not name.startswith("_")
    }
    return stated, default_settings()


def tell_sampling(told: SettingsTold) -> None:
    """What is on of the settings that say how a token is drawn, and what was turned off."""
    for name in sorted(_SAMPLING):
        if _is_on(name, told.value(name)):
            told.tell(name)
        elif name in told.own:
            told.tell(name, value=_AT_REST[name])


def _is_on(name: str, value: Any) -> bool:
    return value not in (None, _AT_REST.get(name))


def tell_others(told: SettingsTold, beams: int) -> None:
    """Every other setting that is not at rest."""
    told_already = {row.name for row in told.rows}
    for name in sorted({*told.own, *told.pipeline, *told.stated}):
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


def overruled(told: SettingsTold, config: Mapping[str, Any]) -> list[str]:
    """What `config.json` says otherwise than `generation_config.json`, which goes first."""
    names = [
        f"{name} {config[name]}"
        for name in sorted(told.defaults)
        if name not in _NOT_ABOUT_THE_TEXT
        and config.get(name) is not None
        and config[name] not in (told.stated.get(name), told.defaults[name])
    ]
    return (
        [f"Not in force, as {GENERATION_CONFIG} goes first: {', '.join(names)} in {CONFIG}."] if names else []
    )
