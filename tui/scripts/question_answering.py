"""The script of question answering: version 5 of transformers has no pipeline for it, so it is written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.protocol.rows import RowAddress
from tui.scripts.parts import header, read_row

if TYPE_CHECKING:
    from tui.scripts.parts import Asked

_WINDOWS = """\
first_text, second_text = (question, context) if question_first else (context, question)
encoded = tokenizer(
    first_text, second_text, truncation="only_second" if question_first else "only_first",
    max_length=size, stride=stride, return_overflowing_tokens=True,
)
heads = []  # for each window: start and end logits, −10,000 where no answer can begin or end
for w, ids in enumerate(encoded["input_ids"]):
    inputs = {name: torch.tensor([encoded[name][w]], device=model.device)
              for name in tokenizer.model_input_names if name in encoded}
    with torch.inference_mode():
        output = model(**inputs)
    open_ = torch.tensor([
        field == 1 or token == tokenizer.cls_token_id or not question_first
        for field, token in zip(encoded.sequence_ids(w), ids)
    ])
    heads.append([
        torch.where(open_, logits[0].float().cpu(), -10_000.0)
        for logits in (output.start_logits, output.end_logits)
    ])
"""

_SPANS = """\
def softmax(logits):  # the pipeline's float32 arithmetic
    exponentials = np.exp(logits - logits.max())
    return exponentials / exponentials.sum()


found = []
for w, (start, end) in enumerate(heads):
    start, end = softmax(start.numpy()), softmax(end.numpy())
    start[0] = end[0] = 0
    scores = np.tril(np.triu(np.outer(start, end)), longest - 1)
    flat, count = scores.ravel(), 2 * top_k + 10
    best = np.argpartition(-flat, count)[:count] if len(flat) > count else np.arange(len(flat))
    for first, last in zip(*np.unravel_index(best[np.argsort(-flat[best])], scores.shape)):
        if (heads[w][0][first] == -10_000) or (heads[w][1][last] == -10_000):
            continue
        words, field = encoded[w], 1 if question_first else 0
        try:  # whole words
            begin = words.word_to_chars(words.token_to_word(int(first)), field)[0]
            finish = words.word_to_chars(words.token_to_word(int(last)), field)[1]
        except TypeError:
            begin, finish = words.offsets[first][0], words.offsets[last][1]
        text, score = context[begin:finish], float(scores[first, last])
        same = next((each for each in found if each["answer"].lower() == text.lower()), None)
        if same:
            same["score"] += score
        else:
            found.append({"score": score, "start": begin, "end": finish, "answer": text, "window": w})
"""

_ANSWER = """\
found.sort(key=lambda each: each["score"], reverse=True)
answer = [{name: each[name] for name in ("score", "start", "end", "answer")} for each in found[:top_k]]
answer = answer[0] if len(answer) == 1 else answer
print(answer)
"""


def script(asked: Asked) -> str:
    """Windows of question and context through the model; the likeliest spans, as the last pipeline had it."""
    texts, options = asked.texts(), asked.values()
    imports = header(asked, "AutoModelForQuestionAnswering").replace(
        "import torch\n", "import numpy as np\nimport torch\n", 1
    )
    size = f"min({options['max_seq_len'] or 384}, {asked.limit or 'tokenizer.model_max_length'})"
    stride = "min(size // 2, 128)" if options["doc_stride"] is None else str(options["doc_stride"])
    lines = [
        imports,
        "",
        f"question = {texts['question']!r}",
        f"context = {texts['context']!r}",
        f"top_k, longest = {options['top_k']}, {options['max_answer_len']}",
        f"size = {size}",
        f"stride = {stride}",
        'question_first = tokenizer.padding_side == "right"',
        "",
        _WINDOWS,
        "",
        _SPANS,
    ]
    if options["handle_impossible_answer"]:
        lines += [
            "# “no answer”: the first position of the window that is the least sure of it",
            "nulls = [float(softmax(start.numpy())[0] * softmax(end.numpy())[0]) for start, end in heads]",
            "null = min(nulls)",
            'found.append({"score": null, "start": 0, "end": 0, "answer": "", "window": nulls.index(null)})',
        ]
    lines.append(_ANSWER)
    sequence, part = asked.address.sequence, asked.address.part
    if asked.address == RowAddress(part=part):
        lines.append('window = found[0]["window"] if found else 0  # that of the answer')
    else:
        lines.append(f"window = {sequence}")
    function = asked.readout.function
    lines += [
        f"logits = heads[window][{part}]  # the answer's {('start', 'end')[part]}",
        read_row(asked, "softmax" if function == "auto" else function),
    ]
    return "\n".join(lines) + "\n"
