import dataclasses

import torch

from tests.training.english import SECTIONS
from tests.training.summarization.test_summarization import TINY
from tui.training.summarization.start import start_copying
from tui.training.summarization.train import Recipe, build_model
from tui.training.vocabulary.unigram import train_unigram

WORDS = [f"{first}{second}" for first in sum(SECTIONS.values(), ()) for second in ("", "er", "ing", "ly")]


def test_the_untrained_model_goes_on_as_the_text_does() -> None:
    tokenizer = train_unigram([" ".join(WORDS)] * 9, 120, 512)
    shapes = Recipe()
    recipe = dataclasses.replace(
        TINY, width=shapes.width, heads=shapes.heads, encoder_layers=2, decoder_layers=2
    )
    torch.manual_seed(0)
    model = build_model(recipe, tokenizer)
    ids = torch.randperm(len(tokenizer) - 3)[:60].add(3).unsqueeze(0)

    def share_copied() -> float:
        with torch.no_grad():
            logits = model(input_ids=ids, decoder_input_ids=ids[:, 10:40]).logits
        return float((logits.argmax(-1) == ids[:, 11:41]).float().mean())

    assert share_copied() < 0.2
    start_copying(model, seed=0)
    assert share_copied() > 0.6
