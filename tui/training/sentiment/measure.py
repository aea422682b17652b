"""How often the sign of a score is that of the rating, on held-out snippets."""

from collections.abc import Sequence

from tui.training.measure import Accuracy
from tui.training.sentiment.snippets import Snippet

RATING_MARGIN = 0.5


def decided(snippets: Sequence[Snippet], domains: Sequence[str]) -> list[Snippet]:
    """Return the snippets of these domains whose mean rating lies more than 0.5 away from neutral."""
    return [
        snippet for snippet in snippets if snippet.domain in domains and abs(snippet.rating) > RATING_MARGIN
    ]


def sign_accuracy(
    snippets: Sequence[Snippet], scores: Sequence[float], zero_is_positive: bool = False
) -> Accuracy:
    """Return how often a score has the sign of the mean rating.

    A score of exactly 0 is no answer and counts as wrong, unless `zero_is_positive`.
    """
    right = sum(
        (score >= 0 if zero_is_positive else score > 0) if snippet.rating > 0 else score < 0
        for snippet, score in zip(snippets, scores, strict=True)
    )
    return Accuracy(right, len(snippets))
