"""Starting weights that translate word by word already, from nothing but the training pairs.

With random weights, most of a short training goes into finding out which piece means which. IBM Model 1 knows
that after a minute: pieces that lead to each other get similar embeddings, and the decoder's attention hands
what it reads through unchanged. Embeddings are tied, so what comes out near the embedding of `▁fichier` is
near that of `▁file` too, and a name that is the same in both languages is copied.
"""

import math

import torch
from torch import Tensor, nn
from transformers import MarianMTModel

from tui.training.translation.alignment_model import NONE, Couples

_STANDARD_DEVIATION = 0.02


def starting_embeddings(couples: Couples, vocabulary: int, width: int, seed: int) -> Tensor:
    """Return embeddings (float32 [vocabulary, width]): random directions, mixed with those of their partners.

    Random directions are nearly orthogonal, so each piece is near itself and its translations alone. A
    piece's partners weigh as much together as the piece itself, each by how often one leads to the other.
    Rows have the length that Marian's own random start gives them; row `NONE` is that of the padding token
    and zero."""
    led_to = torch.zeros(vocabulary, vocabulary)
    led_to[torch.from_numpy(couples.french), torch.from_numpy(couples.english)] = torch.from_numpy(
        couples.counts
    ).float()
    led_to[NONE] = 0.0
    partners = led_to + led_to.T
    partners /= partners.sum(dim=1, keepdim=True).clamp(min=1.0)
    own = torch.randn(vocabulary, width, generator=torch.Generator().manual_seed(seed)) / math.sqrt(width)
    mixed = own + partners @ own
    embeddings: Tensor = mixed * (_STANDARD_DEVIATION * math.sqrt(width)) / mixed.norm(dim=1, keepdim=True)
    embeddings[NONE] = 0.0
    return embeddings


def start_as_dictionary(model: MarianMTModel, embeddings: Tensor) -> None:
    """Put the embeddings into the model and let the decoder's attention hand the encoder's states through."""
    model.model.shared.weight.data.copy_(embeddings)
    for name, weight in model.model.decoder.named_parameters():
        if name.endswith(("encoder_attn.v_proj.weight", "encoder_attn.out_proj.weight")):
            nn.init.eye_(weight)
