"""What an encoder reads before a text, and by whose word: T5's prefixes, the codes of mBART, NLLB and Marian."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Prepared
from tui.engine.prompts.before_text import NO_PREFIX, Prefix
from tui.protocol.answers import GenerationSetting
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.engine.tokenization.languages import Languages
    from tui.engine.tokenization.reading import TextTokenizer

_DIRECTION = re.compile(r"translation_(.+)_to_(.+)")
_TYPED_CODE = re.compile(r">>\S*?<<")
YOURS = "yours"


@dataclass(frozen=True)
class Source:
    """What stands before a text, and the language codes."""

    prefix: str = ""
    told: tuple[GenerationSetting, ...] = ()
    """Prefix and codes with their origins."""
    language: str | None = None
    """The code among the special tokens; None for the tokenizer's own, or where it has none."""
    target_id: int | None = None
    """The token that the decoder has to begin with."""
    note: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    """What `task_specific_params` has for the task, or for the direction of a translation, besides a prefix."""
    params_from: str = ""
    """Where these stand."""


NOTHING_SAID = Source()


@dataclass(frozen=True)
class SourceText(Prepared):
    """A text as the encoder reads it."""

    source: Source = NOTHING_SAID


def source_of(
    tokenizer: TextTokenizer,
    task: str,
    text: str,
    options: Mapping[str, Value],
    config: Mapping[str, Any],
    generation: Mapping[str, Any],
) -> Source:
    """What the checkpoint and the person say of a text. `config` and `generation` are the checkpoint's files.

    Raises EngineError for a language code that is missing or unknown.
    """
    own = options.get("prefix")
    prefix = own if isinstance(own, str) else None
    source, target = _code(options, "src_lang"), _code(options, "tgt_lang")
    tasks = _task_params(config)
    special = tokenizer.languages if tokenizer.languages is not None and tokenizer.languages.ids else None
    codes = tokenizer.text_codes() if task == "translation" and special is None else ()
    if special is None and not codes and (prefix is None or source or target):
        _refuse_direction(task, source, target, tasks)
    name = _entry(task, source, target, tasks)
    stated = Prefix(prefix, YOURS) if prefix is not None else _stated_prefix(name, config, tasks)
    if special is not None:
        found = _special_codes(special, task, stated, source, target, generation)
    elif codes:
        found = _codes_in_text(codes, text, stated, source, target)
    else:
        found = Source(stated.text, (_told_prefix(stated),))
    params = {key: value for key, value in tasks.get(name, {}).items() if key != "prefix"}
    return replace(found, params=params, params_from=_stands_under(name))


def _task_params(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    stated = config.get("task_specific_params")
    if not isinstance(stated, dict):
        return {}
    return {name: entry for name, entry in stated.items() if isinstance(entry, dict)}


def _stands_under(name: str) -> str:
    return f"config.json, task_specific_params, {name}"


def _code(options: Mapping[str, Value], name: str) -> str | None:
    value = options.get(name)
    return value.strip() if isinstance(value, str) and value.strip() else None


# ---------------------------------------------------------------------------- codes among the special tokens


def _special_codes(
    languages: Languages,
    task: str,
    prefix: Prefix,
    source: str | None,
    target: str | None,
    generation: Mapping[str, Any],
) -> Source:
    note = ""
    if task == "translation" and prefix.text and prefix.origin != YOURS:
        # by _build_translation_inputs of such tokenizers, which every pipeline of a translation calls
        note = (
            f"“{prefix.text}” ({prefix.origin}) is not put before the text: the pipeline leaves a prefix out where "
            "special tokens tell the languages. F2 sets one."
        )
        prefix = NO_PREFIX
    told = [_told_prefix(prefix)] if prefix.text else []
    for name, code in (("src_lang", source), ("tgt_lang", target)):
        if code is not None and code not in languages.ids:
            raise _unknown(name, code, languages.ids)
    spoken = source or languages.source
    if spoken is not None:
        origin = YOURS if source else "the tokenizer"
        told.append(GenerationSetting("src_lang", spoken, f"{origin}, as a special token"))
    wanted = target or languages.target
    if task != "translation" or wanted is None:
        begins = _begins_with(languages, generation)
        if task == "translation" and begins is None:
            raise EngineError(
                "Translate into which language?",
                "This checkpoint is told by a code, and neither you nor its files name one.",
                f"Set tgt_lang (F2) to one of its {len(languages.ids):,} codes: {_some(languages.ids, '')}.",
            )
        told += [] if begins is None else [begins]
        return Source(prefix.text, tuple(told), source, note=note)
    if wanted not in languages.ids:
        raise _unknown("tgt_lang", wanted, languages.ids)
    origin = YOURS if target else "the tokenizer"
    told.append(GenerationSetting("tgt_lang", wanted, f"{origin}, as forced_bos_token_id"))
    return Source(prefix.text, tuple(told), source, languages.ids[wanted], note)


def _begins_with(languages: Languages, generation: Mapping[str, Any]) -> GenerationSetting | None:
    """The target language that the checkpoint's own settings make the decoder begin with."""
    codes = {index: code for code, index in languages.ids.items()}
    for name in ("forced_bos_token_id", "decoder_start_token_id"):
        index = generation.get(name)
        if isinstance(index, int) and index in codes:
            return GenerationSetting("tgt_lang", codes[index], f"the checkpoint's {name}")
    return None


# --------------------------------------------------------------------------------------- codes in the text


def _codes_in_text(
    codes: tuple[str, ...], text: str, prefix: Prefix, source: str | None, target: str | None
) -> Source:
    note = ""
    if source is not None:
        note = "src_lang is not used: this checkpoint's codes name the target language only."
    told = [_told_prefix(prefix)] if prefix.text else []
    typed = _TYPED_CODE.match(text)
    if typed is not None and typed.group() in codes:
        told.append(GenerationSetting("tgt_lang", typed.group(), "typed before the text"))
        return Source(prefix.text, tuple(told), note=note)
    if target is None:
        some = _some(codes, typed.group() if typed else "")
        what = f"{typed.group()} is not among" if typed else "The text begins with none of"
        note = f"{note} {what} this checkpoint's {len(codes):,} codes ({some}); type one or set tgt_lang.".strip()
        return Source(prefix.text, tuple(told), note=note)
    code = target if target.startswith(">>") else f">>{target}<<"
    if code not in codes:
        raise _unknown("tgt_lang", target, codes)
    told.append(GenerationSetting("tgt_lang", code, f"{YOURS}, put before the text"))
    return Source(f"{code} {prefix.text}", tuple(told), note=note)


# ------------------------------------------------------------------------------------------------ prefixes


def _stated_prefix(name: str, config: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Prefix:
    """The checkpoint's; what the task's parameters say of it, be it none, goes before what stands beside them."""
    params = tasks.get(name, {})
    own = "prefix" in params
    stated = params["prefix"] if own else config.get("prefix")
    if not isinstance(stated, str):
        return Prefix("", "the checkpoint names none")
    return Prefix(stated, _stands_under(name) if own else "config.json, prefix")


def _entry(task: str, source: str | None, target: str | None, tasks: Mapping[str, Any]) -> str:
    """The name of the task's own parameters: the direction asked for, or the pipeline's choice, the first one."""
    if task != "translation":
        return task
    asked = _fitting(source, target, tasks) if source or target else []
    return next((name for name in (*asked, *tasks) if name.startswith(task)), task)


def _fitting(source: str | None, target: str | None, tasks: Mapping[str, Any]) -> list[str]:
    directions = {name: match.groups() for name in tasks if (match := _DIRECTION.fullmatch(name))}
    return [
        name
        for name, (first, second) in directions.items()
        if source in (None, first) and target in (None, second)
    ]


def _refuse_direction(task: str, source: str | None, target: str | None, tasks: Mapping[str, Any]) -> None:
    """Raise EngineError where prefixes alone tell which way to translate, and it isn't said which."""
    directions = [match.groups() for name in tasks if (match := _DIRECTION.fullmatch(name))]
    if task != "translation" or not (directions or source or target):
        return
    if not directions:
        raise EngineError(
            "This checkpoint has no language codes",
            "It translates between the languages it was trained for; nothing tells it another one.",
            "Leave src_lang and tgt_lang empty (F2).",
        )
    fitting = _fitting(source, target, tasks)
    if len(fitting) == 1:
        return
    ways = ", ".join(f"{first} to {second}" for first, second in directions)
    raise EngineError(
        "Translate which way?" if fitting else "It can't translate this way",
        f"This checkpoint translates {ways}.",
        "Set src_lang and tgt_lang to such codes (F2), or a prefix of your own.",
    )


def _told_prefix(prefix: Prefix) -> GenerationSetting:
    return GenerationSetting("prefix", f"“{prefix.text}”" if prefix.text else "none", prefix.origin)


# ------------------------------------------------------------------------------------------------ failures


def _unknown(name: str, code: str, codes: Collection[str]) -> EngineError:
    return EngineError(
        "Unknown language code",
        f"{name} “{code}” is not among this checkpoint's {len(codes):,} codes.",
        f"Use one of its own (F2), such as {_some(codes, code)}.",
    )


def _some(codes: Collection[str], near: str, most: int = 8) -> str:
    """Some of the codes, those most like `near` first."""
    alike = difflib.get_close_matches(near, codes, most, 0.4) if near else []
    return ", ".join(list(dict.fromkeys([*alike, *codes]))[:most]) + (", …" if len(codes) > most else "")
