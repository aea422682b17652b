"""Starting weights that copy: the decoder begins with what follows in the text where its last word stands.

A good line is largely made of pieces of the text, in the order of the text. Random weights take long to find that
out: two layers must work together, one that marks each word with the word before it, and one that looks for the
mark of the word just written. Olsson et al., "In-context Learning and Induction Heads" (2022), found that pair of
attention heads in every trained model; here it is there from the start, and the training goes on from it.
"""

import torch
from torch import Tensor, nn
from transformers import T5ForConditionalGeneration

_DAMPED = 0.2
_BIAS_OF_PREVIOUS = 8.0
_BUCKET_OF_PREVIOUS = 1  # T5 counts distances to the left from bucket 0, the position itself
_SHARPNESS = 0.7
_LOUDNESS = 3.0


def start_copying(model: T5ForConditionalGeneration, seed: int) -> None:
    """Set the weights of three attentions so that the untrained model goes on as the text does.

    - The branches that add to the stream of states start small, so that embeddings pass through all layers.
    - In the encoder, the first head of the first layer reads the previous word, by T5's bias for distances, and
      writes it down as a mark: other directions than those of the word itself.
    - In the decoder's last layer, all heads look for the mark of the last word and hand on the word they find.
    """
    weights = dict(model.named_parameters())
    size, width = model.config.d_kv, model.config.d_model
    directions = _orthogonal(width, seed)
    word, mark = directions[:size], directions[size : 2 * size]
    with torch.no_grad():
        for name, weight in weights.items():
            if name.endswith((".o.weight", ".wo.weight")):
                weight.mul_(_DAMPED)
        reader = "encoder.block.0.layer.0.SelfAttention"
        for part in ("q", "k"):
            weights[f"{reader}.{part}.weight"][:size] = 0.0
        bias = weights[f"{reader}.relative_attention_bias.weight"]
        bias[:, 0] = 0.0
        bias[_BUCKET_OF_PREVIOUS, 0] = _BIAS_OF_PREVIOUS
        weights[f"{reader}.v.weight"][:size] = word
        weights[f"{reader}.o.weight"][:, :size] = mark.T
        finder = [name for name in weights if name.endswith("EncDecAttention.q.weight")][-1].removesuffix(
            ".q.weight"
        )
        for head in range(model.config.num_heads):
            rows = slice(head * size, (head + 1) * size)
            weights[f"{finder}.q.weight"][rows] = _SHARPNESS * word
            weights[f"{finder}.k.weight"][rows] = _SHARPNESS * mark
        nn.init.eye_(weights[f"{finder}.v.weight"])
        # Louder than the last word itself, whose embedding is there too.
        nn.init.eye_(weights[f"{finder}.o.weight"]).mul_(_LOUDNESS)


def _orthogonal(width: int, seed: int) -> Tensor:
    """Return a random rotation, float32 [width, width]."""
    random = torch.randn(width, width, generator=torch.Generator().manual_seed(seed))
    rotation: Tensor = torch.linalg.qr(random)[0]
    return rotation
