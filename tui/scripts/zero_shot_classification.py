"""The script of zero-shot classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.protocol.rows import RowAddress
from tui.scripts.parts import header, read_head

if TYPE_CHECKING:
    from tui.scripts.parts import Asked


def script(asked: Asked) -> str:
    """Every label's hypothesis in a pair with the text; what the head says of the pairs becomes the ranking."""
    texts, options = asked.texts(), asked.values()
    labels = _labels(texts["candidate_labels"])
    cut = f', truncation="only_first", max_length={asked.limit}' if asked.limit else ""
    lines = [
        header(asked, "AutoModelForSequenceClassification"),
        "",
        f"text = {texts['text']!r}",
        f"labels = {labels!r}",
        f"template = {options['hypothesis_template']!r}",
        "",
        "pairs = []  # the head's logits for each label",
        "for label in labels:",
        f'    inputs = tokenizer(text, template.format(label){cut}, return_tensors="pt").to(model.device)',
        "    with torch.inference_mode():",
        "        pairs.append(model(**inputs).logits[0].float().cpu())",
        "pairs = torch.stack(pairs)",
        "",
        "label2id = model.config.label2id",
        'named = [label2id[name] for name in label2id if name.lower().startswith("entail")]',
        "entailment = named[0] if named else -1  # the pipeline's choice",
    ]
    if options["multi_label"] or len(labels) == 1:
        lines += [
            "contradiction = -1 if entailment == 0 else 0  # the pipeline's choice",
            "scores = torch.softmax(pairs[:, [contradiction, entailment]], -1)[:, 1]",
        ]
    else:
        lines.append("scores = torch.softmax(pairs[:, entailment], 0)")
    lines += [
        "ranking = scores.argsort(stable=True).flip(0)",
        "answer = {",
        '    "sequence": text,',
        '    "labels": [labels[i] for i in ranking],',
        '    "scores": scores[ranking].tolist(),',
        "}",
        "print(answer)",
        "",
    ]
    default = asked.address == RowAddress() or not 0 <= asked.address.sequence < len(labels)
    which = "ranking[0]" if default else str(asked.address.sequence)
    lines.append(f"logits = pairs[{which}]  # {'the winner' if default else 'one label'}'s pair")
    lines.append(read_head(asked))
    return "\n".join(lines) + "\n"


def _labels(typed: str) -> list[str]:
    """The labels as the engine splits them: one on each line, else separated by commas."""
    parts = (part.strip() for part in typed.split("\n" if "\n" in typed else ","))
    return [part for part in parts if part]
