"""Settings of decoding, each declared once: of the tasks that write, of `--steps` and of the writing screen."""

from __future__ import annotations

from tui.tasks.forms import LARGEST_WHOLE, Option

MAX_NEW_TOKENS = Option("max_new_tokens", "Most tokens it writes", None, int, least=1, most=4096)
MIN_NEW_TOKENS = Option("min_new_tokens", "Fewest tokens it writes", None, int, least=0, most=4096)
NUM_BEAMS = Option("num_beams", "Beams it keeps; 1 is greedy", None, int, least=1, most=32)
LENGTH_PENALTY = Option("length_penalty", "Above 0 beams prefer longer texts", None, float)
NO_REPEAT_NGRAM_SIZE = Option(
    "no_repeat_ngram_size", "Runs of this length stand once only", None, int, least=0
)
SEED = Option("seed", "What the draws of sampling start from", 0, int, least=0, most=LARGEST_WHOLE)
BANNED = Option("ban", "A token that is never written, by its id", None, int, least=0, most=LARGEST_WHOLE)
ALTERNATIVES = Option("alternatives", "The likeliest tokens told at each step", 5, int, least=0, most=1000)

SHARED = (NUM_BEAMS, LENGTH_PENALTY, MIN_NEW_TOKENS, NO_REPEAT_NGRAM_SIZE)
"""What some tasks that write have of their own, and all of them where they write token by token."""
WRITING = (MAX_NEW_TOKENS, MIN_NEW_TOKENS, NUM_BEAMS, LENGTH_PENALTY, NO_REPEAT_NGRAM_SIZE)
"""What a task has whose decoder writes about what an encoder read."""
OPTIONS = (
    Option("method", "How a token is chosen", "greedy", choices=("greedy", "sample")),
    SEED,
    NO_REPEAT_NGRAM_SIZE,
    MIN_NEW_TOKENS,
    Option("stop_string", "Writing ends when this is written", ""),
    Option("regex", "A regular expression that all of it has to match", ""),
    Option("json_schema", "A JSON schema that all of it has to match", ""),
    NUM_BEAMS._replace(about="Beams of a search (b)", default=4, least=2),
    MAX_NEW_TOKENS._replace(
        name="beam_tokens", about="Tokens that a search writes at most", default=40, most=200
    ),
    LENGTH_PENALTY,
)
"""What the writing screen sets besides the sampling numbers."""
