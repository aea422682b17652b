"""The script of fill-mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.scripts.parts import header, read_row
from tui.tasks.targets import targets_of

if TYPE_CHECKING:
    from tui.scripts.parts import Asked

_SMALL_VOCABULARY = 100
"""More guesses than this can be more than there are tokens, which the pipeline refuses."""


def script(asked: Asked) -> str:
    """A text with masks through the tokenizer and the model, and the pipeline for the answer."""
    options, text = asked.values(), asked.texts()["text"]
    top_k, position = options["top_k"], asked.address.position
    assert isinstance(top_k, int)
    cut = f", truncation=True, max_length={asked.limit}" if asked.limit else ""
    head = header(asked, "AutoModelForMaskedLM").replace("AutoTokenizer\n", "AutoTokenizer, pipeline\n", 1)
    guesses = str(top_k) if top_k <= _SMALL_VOCABULARY else f"min({top_k}, rows.shape[-1])"
    words = targets_of(str(options["targets"] or ""))
    targets = f", targets={words!r}" if words else ""
    keywords = (
        f', tokenizer_kwargs={{"truncation": True, "max_length": {asked.limit}}}' if asked.limit else ""
    )
    lines = [
        "import re",
        "",
        head,
        "",
        f"text = {text!r}",
        r'any_mask = "|".join((re.escape(tokenizer.mask_token), r"\[MASK\]", "<mask>", "_{3,}"))',
        "text = re.sub(any_mask, lambda _: tokenizer.mask_token, text)",
        f'inputs = tokenizer(text{cut}, return_tensors="pt").to(model.device)',
        "with torch.inference_mode():",
        "    rows = model(**inputs).logits[0].float().cpu()  # row p is about the token at position p",
        'masks = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero()[:, 0].tolist()',
        f"logits = rows[{'masks[0]' if position is None else position}]",
        read_row(asked, "softmax" if asked.readout.function == "auto" else asked.readout.function),
        "",
        'fill = pipeline("fill-mask", model=model, tokenizer=tokenizer, device=model.device)',
        f"answer = fill(text, top_k={guesses}{targets}{keywords})",
        "print(answer)",
    ]
    return "\n".join(lines) + "\n"
