"""The script of text generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.scripts.parts import header, read_row
from tui.tasks.chat import turns_of

if TYPE_CHECKING:
    from tui.scripts.parts import Asked

_SCORES = """\
ids = inputs["input_ids"][0].cpu()
log_probabilities = torch.log_softmax(rows[:-1].double(), -1).gather(1, ids[1:, None])[:, 0]
bits = -log_probabilities / torch.log(torch.tensor(2.0, dtype=torch.float64))
perplexity = torch.exp(-log_probabilities.mean()).item()
"""


_PREFIX = """\
prefix = getattr(model.config, "prefix", None)
if prefix is None:
    prefix = TextGenerationPipeline.XL_PREFIX if model.config.model_type == "xlnet" else ""\
"""
_BEGUN = """\
given = inputs["input_ids"].shape[1]
if not given:  # as the pipeline: an empty prompt begins with this token
    first = torch.tensor([[model.generation_config.bos_token_id]], device=model.device)
    inputs = {"input_ids": first, "attention_mask": torch.ones_like(first)}\
"""


def script(asked: Asked) -> str:
    """A prompt through the tokenizer and the model, each token's bits, and `generate` for what comes next."""
    options = asked.values()
    chat = bool(options["chat"])
    limit = asked.limit
    position = -1 if asked.address.position is None else asked.address.position
    cut = f", truncation=True, max_length={limit}" if limit else ""
    bare = ", add_special_tokens=False" if chat else ""
    until = "" if position == -1 else str(position + 1)
    context = f'inputs["input_ids"][:, :{until}].cpu()'
    empty = not asked.texts()["text"].strip()
    head = header(asked, "AutoModelForCausalLM")
    if not chat and options["prefix"] is None:
        head = head.replace("AutoTokenizer\n", "AutoTokenizer, TextGenerationPipeline\n", 1)
    before = "" if chat else "prefix + "
    lines = [head, "", *_prompt(asked, chat)]
    lines += [
        f'inputs = tokenizer({before}text{cut}{bare}, return_tensors="pt").to(model.device)',
        'inputs.pop("token_type_ids", None)  # as the pipeline: ids and mask',
        *([_BEGUN] if empty else []),
        "with torch.inference_mode():",
        "    rows = model(**inputs).logits[0].float().cpu()  # row p is about the token after position p",
        f"logits = rows[{position}]",
        read_row(asked, "softmax" if asked.readout.function == "auto" else asked.readout.function, context),
        "",
        _SCORES,
        *_continuation(options["max_new_tokens"], limit, f"{before}text{bare}", empty),
        *_answer(chat, asked),
        "print(answer)",
    ]
    return "\n".join(lines) + "\n"


def _prompt(asked: Asked, chat: bool) -> list[str]:
    text = asked.texts()["text"]
    if not chat:
        own = asked.values()["prefix"]
        return [f"text = {text!r}", _PREFIX if own is None else f"prefix = {own!r}"]
    messages = [turn.message() for turn in turns_of(text)]
    ending = "continue_final_message" if _goes_on(asked) else "add_generation_prompt"
    return [
        "messages = [",
        *(f"    {message!r}," for message in messages),
        "]",
        f"text = tokenizer.apply_chat_template(messages, tokenize=False, {ending}=True)",
    ]


def _goes_on(asked: Asked) -> bool:
    """Whether the assistant's own turn is the last."""
    return turns_of(asked.texts()["text"])[-1].role == "assistant"


def _continuation(most: object, limit: int | None, text: str, empty: bool) -> list[str]:
    if not limit:
        lines = [f"most = {most}"]
    else:
        count = "len(ids)" if empty else f'len(tokenizer({text})["input_ids"])'
        lines = [f"most = min({most}, {limit + 1} - {count})"]
    given = "given" if empty else "len(ids)"
    return [
        *lines,
        'written = [""]',
        "if most > 0:",
        "    stated = model.generation_config",
        "    texts = min(stated.num_return_sequences or 1, stated.num_beams or 1)",
        "    output = model.generate(",
        "        **inputs, do_sample=False, max_new_tokens=most, num_return_sequences=texts",
        "    )",
        f"    written = [tokenizer.decode(row[{given} :], skip_special_tokens=True) for row in output]",
    ]


def _answer(chat: bool, asked: Asked) -> list[str]:
    if not chat:
        return ['answer = [{"generated_text": text + each} for each in written]']
    before, own = (
        ("messages[:-1]", 'messages[-1]["content"] + each') if _goes_on(asked) else ("messages", "each")
    )
    return [
        "answer = [",
        f'    {{"generated_text": [*{before}, {{"role": "assistant", "content": {own}}}]}} for each in written',
        "]",
    ]
