"""The library by itself, with its own defaults: `theirs.py TASK FOLDER [DEVICE]`, asked for work line by line.

Each line is a JSON object: `{"write": text, "most": tokens}` for a bare `generate`, or `{"answer": fields}` for
what the task's pipeline does. Each is answered by one: seconds, threads, and what came of it.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
import transformers

QUESTION_LENGTHS = {
    "max_length": 384,
    "stride": 128,
    "truncation": "only_second",
    "return_overflowing_tokens": True,
}
"""Those of the pipeline that transformers 5 no longer has."""


def writer(folder: str, where: str) -> Callable[[dict[str, Any]], Any]:
    """Greedy `generate`: the ids it writes."""
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.to(where)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def write(order: dict[str, Any]) -> list[int]:
        inputs = tokenizer(order["write"], return_tensors="pt").to(where)
        ids = model.generate(**inputs, do_sample=False, max_new_tokens=order["most"])[0]
        return [int(index) for index in ids[inputs["input_ids"].shape[1] :]]

    return write


def answerer(task: str, folder: str, where: str) -> Callable[[dict[str, Any]], Any]:
    """What the pipeline answers; where transformers 5 has none, what it did: its forwards, its generate."""
    if task == "question-answering":
        return questioner(folder, where)
    if task in ("summarization", "translation"):
        return rewriter(folder, where)
    make: Any = transformers.pipeline  # its overloads want the task by name
    pipeline = make(task, model=folder, device=where)

    def answer(order: dict[str, Any]) -> Any:
        fields, options = dict(order["answer"]), order.get("options", {})
        if "candidate_labels" in fields:
            options = {**options, "candidate_labels": fields["candidate_labels"].split(", ")}
        answered = pipeline(fields["text"], **options)
        return str(answered) if task != "feature-extraction" else len(json.dumps(answered))

    return answer


def questioner(folder: str, where: str) -> Callable[[dict[str, Any]], Any]:
    """The forwards of question answering alone, window by window."""
    model = transformers.AutoModelForQuestionAnswering.from_pretrained(folder).to(where).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def answer(order: dict[str, Any]) -> int:
        fields = order["answer"]
        windows = tokenizer(fields["question"], fields["context"], **QUESTION_LENGTHS)["input_ids"]
        with torch.inference_mode():
            for ids in windows:
                model(torch.tensor([ids], device=where))
        return len(windows)

    return answer


def rewriter(folder: str, where: str) -> Callable[[dict[str, Any]], Any]:
    """What summarization and translation generate, as their pipelines did it: 4 beams, 256 tokens at most."""
    model: Any = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).to(where)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def answer(order: dict[str, Any]) -> str:
        inputs = tokenizer(order["answer"]["text"], return_tensors="pt").to(where)
        ids = model.generate(**inputs, num_beams=4, max_new_tokens=256)[0]
        return str(tokenizer.decode(ids, skip_special_tokens=True))

    return answer


def main() -> None:
    """Do what is asked, until nothing is asked any more."""
    task, folder, *device = sys.argv[1:]
    where = device[0] if device else "cpu"
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    work = writer(folder, where) if task == "text-generation" else answerer(task, folder, where)
    for line in sys.stdin:
        began = time.perf_counter()
        result = work(json.loads(line))
        seconds = time.perf_counter() - began
        said = {"seconds": seconds, "threads": torch.get_num_threads(), "result": result}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
