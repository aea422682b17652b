"""The script of summarization and translation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.scripts import header, read_row

if TYPE_CHECKING:
    from tui.scripts import Asked

_SETTINGS = ("max_new_tokens", "min_new_tokens", "num_beams", "length_penalty", "no_repeat_ngram_size")
_KNOWN = 'known = getattr(model.config, "task_specific_params", None) or {}'
_DIRECTION = """\
fitting = [name for name in known if re.fullmatch({pattern!r}, name)]  # T5 names its directions so
params = known.get(fitting[0] if fitting else "translation", {{}})\
"""
_PIPELINE = """\
stated, defaults = model.generation_config, {"num_beams": 4}  # of the last pipelines, in transformers 4
if stated.max_length in (None, 20):
    defaults["max_new_tokens"] = 256
settings = {**defaults, **{name: params[name] for name in params if hasattr(stated, name)}, **settings}
texts = min(settings.get("num_return_sequences", stated.num_return_sequences) or 1, settings["num_beams"])
settings |= {"do_sample": False, "num_return_sequences": texts}\
"""
_CODES = """\
if hasattr(tokenizer, "set_src_lang_special_tokens"):  # mBART, NLLB, M2M100
    tokenizer.src_lang = {source}
    target = {target}
    codes = getattr(tokenizer, "lang_code_to_id", None)
    if target is not None:
        settings["forced_bos_token_id"] = codes[target] if codes else tokenizer.convert_tokens_to_ids(target)\
"""
_MARIAN = """
elif {code!r} in tokenizer.get_vocab():  # a multilingual Marian; a code typed before the text stands
    typed = re.match(">>.*?<<", text)
    if typed is None or typed[0] not in tokenizer.get_vocab():
        prefix = {code!r} + " " + prefix\
"""


def script(asked: Asked) -> str:
    """The text behind prefix and codes, `generate` with the settings, then one forward for the logits of a step."""
    options, text = asked.values(), asked.texts()["text"]
    source, target = (str(options.get(name) or "").strip() for name in ("src_lang", "tgt_lang"))
    settings = {name: options[name] for name in _SETTINGS if options[name] is not None}
    cut = f", truncation=True, max_length={asked.limit}" if asked.limit else ""
    key = "summary_text" if asked.task == "summarization" else "translation_text"
    before = _before_the_text(asked.task, options.get("prefix"), source, target)
    lines = [
        ("import re\n\n" if "re." in "".join(before) else "") + header(asked, "AutoModelForSeq2SeqLM"),
        "",
        f"text = {text!r}",
        f"settings = {settings!r}",
        *before,
        f'inputs = tokenizer(prefix + text{cut}, return_tensors="pt").to(model.device)',
        'inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}',
        "with torch.inference_mode():",
        "    written = model.generate(**inputs, **settings)",
        "    ids = written[0]",
        "    # the decoder once more, on all it wrote but the last token: the logits of every step",
        "    steps = model(**inputs, decoder_input_ids=ids[None, :-1]).logits[0].float().cpu()",
        'plain = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}',
        f'answer = [{{"{key}": tokenizer.decode(each, **plain)}} for each in written]',
        "print(answer)",
        "",
        *_position(asked),
        "logits = steps[position - 1]",
        read_row(
            asked,
            asked.readout.function if asked.readout.function != "auto" else "softmax",
            "ids[None, :position].cpu()",
        ),
    ]
    return "\n".join(lines) + "\n"


def _before_the_text(task: str, prefix: object, source: str, target: str) -> list[str]:
    lines = [_KNOWN]
    if task == "summarization" or (isinstance(prefix, str) and not (source or target)):
        lines.append(f"params = known.get({task!r}, {{}})")
    else:
        pattern = f"translation_{re.escape(source) or '.+'}_to_{re.escape(target) or '.+'}"
        lines.append(_DIRECTION.format(pattern=pattern))
    if isinstance(prefix, str):
        lines.append(f"prefix = {prefix!r}")
    else:
        lines.append('prefix = params.get("prefix", getattr(model.config, "prefix", None)) or ""')
    lines.append(_PIPELINE)
    if task == "translation":
        codes = _CODES.format(
            source=repr(source) if source else "tokenizer.src_lang",
            target=repr(target) if target else "tokenizer.tgt_lang",
        )
        code = target if target.startswith(">>") else f">>{target}<<"
        lines.append(codes + (_MARIAN.format(code=code) if target else ""))
    return lines


def _position(asked: Asked) -> list[str]:
    """Which step is read: that of the chosen position, or of the first token that was not forced."""
    if asked.address.sequence == 1 and asked.address.position:
        return [f"position = max(1, min({asked.address.position}, len(steps)))"]
    return [
        'forced = settings.get("forced_bos_token_id", model.generation_config.forced_bos_token_id)',
        "position = 1 if forced is None or len(steps) == 1 else 2  # the first token that was chosen",
    ]
