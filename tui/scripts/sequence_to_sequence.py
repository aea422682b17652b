"""The script of summarization and translation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.scripts.parts import header, read_row

if TYPE_CHECKING:
    from tui.scripts.parts import Asked

_SETTINGS = ("max_new_tokens", "min_new_tokens", "num_beams", "length_penalty", "no_repeat_ngram_size")
_KNOWN = 'known = getattr(model.config, "task_specific_params", None) or {}'
_FIRST = """\
names = [name for name in known if name.startswith("translation")]
params = known[names[0]] if names else {}  # as the pipeline does\
"""
_DIRECTION = """\
names = [name for name in known if name.startswith("translation")]
fitting = [name for name in known if re.fullmatch({pattern!r}, name)]  # T5 names its directions so
params = known[(fitting + names)[0]] if names else {{}}\
"""
_PIPELINE = """\
# what the last pipelines, in transformers 4, set by themselves, and the task's own parameters
stated, usual = model.generation_config, GenerationConfig._get_default_generation_params()
in_file = {**usual, **{name: value for name, value in vars(stated).items() if value is not None}}
theirs = {"num_beams": 4, "max_new_tokens": 256 if in_file["max_length"] == usual["max_length"] else None}
theirs |= {
    name: value
    for name, value in params.items()
    if name in vars(stated) and (value is not None or usual.get(name) is None)
}
if [int(part) for part in (stated.transformers_version or "4.50").split(".")[:2]] >= [4, 50]:
    # files since then go before a value that is everybody's default
    plain = [name for name in theirs if theirs[name] == usual.get(name) != in_file.get(name)]
    theirs = {name: theirs[name] for name in theirs if name not in plain}
if theirs.get("max_length") == usual["max_length"] and theirs.get("max_new_tokens", 0) is None:
    theirs["max_new_tokens"] = usual["max_length"]
settings = {**theirs, **settings}
wanted = {**in_file, **settings}
texts = min(wanted["num_return_sequences"] or 1, wanted["num_beams"])
settings |= {"do_sample": False, "num_return_sequences": texts}\
"""
_GENERATE = """\
decoder = model.config.get_text_config(decoder=True)
positions = getattr(decoder, "max_decoder_position_embeddings", getattr(decoder, "max_position_embeddings", None))
parts = model.get_decoder().named_modules()
table = any("position" in name and isinstance(part, torch.nn.Embedding) for name, part in parts)


def full(ids, scores, **others):  # the decoder's table of positions has no row for one more
    return torch.full((len(ids),), table and ids.shape[1] > positions, device=ids.device)


ends = settings.get("eos_token_id", stated.eos_token_id)
ends = ends if isinstance(ends, list) else [ends]
with torch.inference_mode():
    written = model.generate(**inputs, **settings, stopping_criteria=StoppingCriteriaList([full]))
    best = written[0].tolist()  # where several texts are returned, the shorter ones are padded
    ids = written[0][: next((place for place, index in enumerate(best) if place and index in ends), len(best)) + 1]
    # the decoder once more, on all it wrote but the last token: the logits of every step
    steps = model(**inputs, decoder_input_ids=ids[None, :-1]).logits[0].float().cpu()\
"""
_IMPORTED = "AutoTokenizer, GenerationConfig, StoppingCriteriaList"
_CODES = """\
if hasattr(tokenizer, "set_src_lang_special_tokens"):  # mBART, NLLB, M2M100
    tokenizer.src_lang = {source}
    target = {target}{bare}
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
        ("import re\n\n" if "re." in "".join(before) else "")
        + header(asked, "AutoModelForSeq2SeqLM").replace("AutoTokenizer", _IMPORTED, 1),
        "",
        f"text = {text!r}",
        f"settings = {settings!r}",
        *before,
        f'inputs = tokenizer(prefix + text{cut}, return_tensors="pt").to(model.device)',
        'inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}',
        _GENERATE,
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
    bare = '\n    prefix = ""  # the pipeline puts none before a text whose languages special tokens tell'
    if task == "summarization":
        lines.append(f"params = known.get({task!r}, {{}})")
    else:
        either = source or target
        pattern = f"translation_{re.escape(source) or '.+'}_to_{re.escape(target) or '.+'}" if either else ""
        lines.append(_DIRECTION.format(pattern=pattern) if either else _FIRST)
    if isinstance(prefix, str):
        lines.append(f"prefix = {prefix!r}")
    else:
        lines.append('prefix = params.get("prefix", getattr(model.config, "prefix", None)) or ""')
    lines.append(_PIPELINE)
    if task == "translation":
        codes = _CODES.format(
            source=repr(source) if source else "tokenizer.src_lang",
            target=repr(target) if target else 'getattr(tokenizer, "tgt_lang", None)',
            bare="" if isinstance(prefix, str) else bare,
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
