"""Write two checkpoints with random weights beside a tokenizer: `make_checkpoints.py NANO DISTILBERT ALBERT`.

The first has the size of DistilBERT (6 layers, 66 M parameters), which takes a moment to load; the second the
shape of ALBERT xlarge (12 of its layers, 2,048 wide), which takes a moment to run.
"""

import shutil
import sys
from pathlib import Path

import torch
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

nano, distilbert, albert = map(Path, sys.argv[1:])
torch.manual_seed(0)
LABELS = {0: "NEGATIVE", 1: "POSITIVE"}
DistilBertForSequenceClassification(DistilBertConfig(id2label=LABELS)).save_pretrained(distilbert)
AlbertForSequenceClassification(
    AlbertConfig(
        hidden_size=2048, num_hidden_layers=12, num_attention_heads=16, intermediate_size=8192, id2label=LABELS
    )
).save_pretrained(albert)
for folder in (distilbert, albert):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(nano / name, folder / name)
