import torch
from torch import nn

from tui.training.attention import POSITION_DIMENSIONS, Attention, read_neighbors, sinusoids


def test_two_heads_look_at_the_neighbors_before_any_training() -> None:
    torch.manual_seed(0)
    width, heads, tokens = 96, 3, 50
    query, key, value, output = (nn.Linear(width, width) for _ in range(4))
    layer = Attention(query, key, value, output, heads)
    directions = nn.init.orthogonal_(torch.empty(width, POSITION_DIMENSIONS))
    read_neighbors([layer], directions)
    words = torch.randn(tokens, width)
    words -= words @ directions @ directions.T
    inputs = nn.functional.layer_norm(0.05 * words + 0.06 * sinusoids(tokens) @ directions.T, (width,))
    of_head = width // heads
    for head, steps in ((0, -1), (1, 1)):
        rows = slice(head * of_head, (head + 1) * of_head)
        scores = layer.query(inputs)[:, rows] @ layer.key(inputs)[:, rows].T / of_head**0.5
        best = scores.argmax(dim=1)
        looked_at = [int(best[position]) - position for position in range(1, tokens - 1)]
        assert looked_at.count(steps) > 0.9 * len(looked_at)
