"""The script of token classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.protocol.rows import RowAddress
from tui.scripts.parts import header, read_row

if TYPE_CHECKING:
    from tui.scripts.parts import Asked

_FIRST_LABELED = """\
special = encoded["special_tokens_mask"]  # the first token of the first entity, or else of the text
labels = [model.config.id2label[i] for i in rows.argmax(-1).tolist()]
marked = [i for i in range(len(special)) if not special[i] and labels[i] != "O"]
position = (marked + [i for i in range(len(special)) if not special[i]] + [0])[0]"""

_FIRST_STARTING = """\
special = encoded["special_tokens_mask"]  # the first token of the first entity, or else of the text
start = answer[0]["start"] if answer else None
marked = [i for i in range(len(special)) if not special[i] and encoded["offset_mapping"][i][0] == start]
position = (marked + [i for i in range(len(special)) if not special[i]] + [0])[0]"""

_FIRST_HELD = """\
special = encoded["special_tokens_mask"]  # the first token of the first entity, or else of the text
start = answer[0]["start"] if answer else None
own = [(w, i) for w in range(len(special)) for i in range(len(special[w])) if not special[w][i]]
marked = [(w, i) for w, i in own if encoded["offset_mapping"][w][i][0] == start]
window, position = (marked + own + [(0, 0)])[0]"""


def script(asked: Asked) -> str:
    """The pipeline's entities under the chosen strategy, then one token's row of logits."""
    options = asked.values()
    strategy, stride = options["aggregation_strategy"], options["stride"]
    windows = stride is not None
    by_words = strategy in ("first", "average", "max")
    more = f", stride={stride}" if windows else ""
    lines = [
        header(asked, "AutoModelForTokenClassification").replace("Tokenizer\n", "Tokenizer, pipeline\n", 1)
    ]
    if asked.limit:
        lines.append(f"tokenizer.model_max_length = {asked.limit}  # most tokens the model takes")
    lines += [
        "",
        f"text = {asked.texts()['text']!r}",
        'label = pipeline("token-classification", model=model, tokenizer=tokenizer, device=model.device)',
        f"answer = label(text, aggregation_strategy={strategy!r}{more})",
        "print(answer)",
        "",
    ]
    wanted = ["truncation=True", "return_special_tokens_mask=True"]
    if windows:
        wanted += [f"stride={stride}", "return_overflowing_tokens=True"]
    if windows or by_words:
        wanted.append("return_offsets_mapping=True")
    lines.append(f"encoded = tokenizer(text, {', '.join(wanted)})")
    unaddressed = asked.address.position is None
    if windows and unaddressed and asked.address == RowAddress():
        lines.append(_FIRST_HELD)
    elif windows:
        lines.append(f"window = {asked.address.sequence}")
    of_window = "[window]" if windows else ""
    lines += [
        "inputs = {name: torch.tensor([encoded[name]" + of_window + "], device=model.device)",
        "          for name in tokenizer.model_input_names if name in encoded}",
        "with torch.inference_mode():",
        "    rows = model(**inputs).logits[0].float().cpu()",
    ]
    if unaddressed and windows and asked.address != RowAddress():
        lines.append('position = (encoded["special_tokens_mask"][window] + [0]).index(0)')
    elif unaddressed and not windows:
        lines.append(_FIRST_STARTING if by_words else _FIRST_LABELED)
    elif not unaddressed:
        lines.append(f"position = {asked.address.position}")
    function = asked.readout.function
    lines += ["logits = rows[position]", read_row(asked, "softmax" if function == "auto" else function)]
    return "\n".join(lines) + "\n"
