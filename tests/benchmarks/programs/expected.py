"""What transformers computes for each text: JSON {folders, texts} on stdin, JSON on stdout.

stdout: {"pieces": [[str]], "probabilities": {folder: [{label: probability}]}}, both in the order of the texts.
The pieces are those of the first folder; all folders are to have the same tokenizer.
"""

import json
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

asked = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(asked["folders"][0])
pieces = [tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"]) for text in asked["texts"]]
probabilities = {}
for folder in asked["folders"]:
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    names = model.config.id2label
    rows = []
    for text in asked["texts"]:
        with torch.no_grad():
            logits = model(**tokenizer(text, return_tensors="pt")).logits[0].double()
        rows.append({names[index]: p for index, p in enumerate(logits.softmax(-1).tolist())})
    probabilities[folder] = rows
json.dump({"pieces": pieces, "probabilities": probabilities}, sys.stdout)
