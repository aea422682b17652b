"""What transformers computes for each text: JSON {folder, texts} on stdin, JSON on stdout.

stdout: [{"pieces": [str], "probabilities": {label: float}}], in the order of the texts.
"""

import json
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

asked = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(asked["folder"])
model = AutoModelForSequenceClassification.from_pretrained(asked["folder"])
answers = []
for text in asked["texts"]:
    encoded = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        probabilities = model(**encoded).logits[0].double().softmax(-1).tolist()
    answers.append(
        {
            "pieces": tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist()),
            "probabilities": dict(zip(model.config.id2label.values(), probabilities, strict=True)),
        }
    )
json.dump(answers, sys.stdout)
