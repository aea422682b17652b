"""Write a checkpoint of BERT large's size with random weights beside a tokenizer: `make_checkpoint.py NANO TARGET`.

334 M parameters stored as bfloat16 (670 MB): turning them into float32 makes the load take a second or more, and
a forward pass on one core takes longer than a person takes for a key. A checkpoint of DistilBERT's size loads in
a tenth of a second, which is over before the second key.
"""

import shutil
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

nano, target = map(Path, sys.argv[1:])
torch.manual_seed(0)
config = BertConfig(
    hidden_size=1024,
    num_hidden_layers=24,
    num_attention_heads=16,
    intermediate_size=4096,
    id2label={0: "NEGATIVE", 1: "POSITIVE"},
)
model = BertForSequenceClassification(config).bfloat16()
model.save_pretrained(target)
for name in ("tokenizer.json", "tokenizer_config.json"):
    shutil.copyfile(nano / name, target / name)
