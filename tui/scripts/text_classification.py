"""The script of text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.scripts.parts import header, read_head, read_row

if TYPE_CHECKING:
    from tui.scripts.parts import Asked

_RULE = """\
def apply(logits):  # the pipeline's rule
    if model.config.problem_type == "regression":
        return logits
    if model.config.problem_type == "multi_label_classification" or model.config.num_labels == 1:
        return torch.sigmoid(logits)
    return torch.softmax(logits, -1)
"""
_SCORES = {"softmax": "torch.softmax(logits, -1)", "sigmoid": "torch.sigmoid(logits)", "none": "logits"}


def script(asked: Asked) -> str:
    """A text, or two as a pair, through the tokenizer, the model and the function that makes scores."""
    texts, options = asked.texts(), asked.values()
    pair = ", text_pair" if texts["text_pair"] else ""
    cut = f", truncation=True, max_length={asked.limit}" if asked.limit else ""
    lines = [header(asked, "AutoModelForSequenceClassification"), ""]
    lines.append(f"text = {texts['text']!r}")
    if pair:
        lines.append(f"text_pair = {texts['text_pair']!r}")
    lines += [
        f'inputs = tokenizer(text{pair}{cut}, return_tensors="pt").to(model.device)',
        "with torch.inference_mode():",
        "    logits = model(**inputs).logits[0].float().cpu()",
        "",
    ]
    own = str(options["function_to_apply"])
    if own == "auto":
        lines += ["", _RULE, ""]
    lines += [
        f"scores = {_SCORES.get(own, 'apply(logits)')}",
        f"best = scores.argsort(descending=True, stable=True)[:{options['top_k']}]",
        'answer = [{"label": model.config.id2label[i], "score": scores[i].item()} for i in best.tolist()]',
        "print(answer)",
        "",
    ]
    by_option = asked.readout.function == "auto" and own != "auto"
    lines.append(read_row(asked, own) if by_option else read_head(asked))
    return "\n".join(lines) + "\n"
