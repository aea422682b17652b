"""The script of text generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.chat import turns_of
from tui.scripts import header, read_row

if TYPE_CHECKING:
    from tui.scripts import Asked

_SCORES = """\
ids = inputs["input_ids"][0].cpu()
log_probabilities = torch.log_softmax(rows[:-1].double(), -1).gather(1, ids[1:, None])[:, 0]
bits = -log_probabilities / torch.log(torch.tensor(2.0, dtype=torch.float64))
perplexity = torch.exp(-log_probabilities.mean()).item()
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
    lines = [header(asked, "AutoModelForCausalLM"), "", *_prompt(asked, chat)]
    lines += [
        f'inputs = tokenizer(text{cut}{bare}, return_tensors="pt").to(model.device)',
        'inputs.pop("token_type_ids", None)  # as the pipeline: ids and mask',
        "with torch.inference_mode():",
        "    rows = model(**inputs).logits[0].float().cpu()  # row p is about the token after position p",
        f"logits = rows[{position}]",
        read_row(asked, "softmax" if asked.readout.function == "auto" else asked.readout.function, context),
        "",
        _SCORES,
        *_continuation(options["max_new_tokens"], limit, bare),
        *_answer(chat, asked),
        "print(answer)",
    ]
    return "\n".join(lines) + "\n"


def _prompt(asked: Asked, chat: bool) -> list[str]:
    text = asked.texts()["text"]
    if not chat:
        return [f"text = {text!r}"]
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


def _continuation(most: object, limit: int | None, bare: str) -> list[str]:
    if not limit:
        lines = [f"most = {most}"]
    else:
        lines = [f'most = min({most}, {limit + 1} - len(tokenizer(text{bare})["input_ids"]))']
    return [
        *lines,
        'written = [""]',
        "if most > 0:",
        "    stated = model.generation_config",
        "    texts = min(stated.num_return_sequences or 1, stated.num_beams or 1)",
        "    output = model.generate(",
        "        **inputs, do_sample=False, max_new_tokens=most, num_return_sequences=texts",
        "    )",
        "    written = [tokenizer.decode(row[len(ids) :], skip_special_tokens=True) for row in output]",
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
