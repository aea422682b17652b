"""The shortest way from a checkpoint's folder and a text to the answer without the pipeline factory."""

import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder, text = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder)
with torch.no_grad():
    scores = model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1)
best = int(scores.argmax())
sys.stdout.write(f"{model.config.id2label[best]} {scores[best]:.4f}\n")
sys.stdout.flush()
