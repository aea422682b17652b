"""What can be set of decoding besides the sampling numbers, as a form that a person fills in."""

from __future__ import annotations

from collections.abc import Mapping

from tui.forms import Option, Value
from tui.generation.decoding import Constraint, Decoding

OPTIONS = (
    Option("method", "How a token is chosen", "greedy", choices=("greedy", "sample")),
    Option("seed", "What the draws of sampling start from", 0, int, least=0, most=2**63 - 1),
    Option("no_repeat_ngram_size", "Runs of this length stand once only", None, int, least=1),
    Option("min_new_tokens", "Tokens before it may end", None, int, least=0),
    Option("stop_string", "Writing ends when this is written", ""),
    Option("regex", "A regular expression that all of it has to match", ""),
    Option("json_schema", "A JSON schema that all of it has to match", ""),
    Option("num_beams", "Beams of a search (b)", 4, int, least=2, most=32),
    Option("beam_tokens", "Tokens that a search writes at most", 40, int, least=1, most=200),
    Option("length_penalty", "Above 0 beams prefer longer texts", None, float),
)


def decoding_of(values: Mapping[str, Value], banned: tuple[int, ...]) -> Decoding:
    """The settings as they were filled in, with the ids that are banned. Raises ValueError for two constraints."""
    filled = {option.name: values.get(option.name, option.default) for option in OPTIONS}
    constraint = None
    if filled["regex"] and filled["json_schema"]:
        raise ValueError("regex and json_schema: one of them at a time")
    if filled["regex"]:
        constraint = Constraint("regex", str(filled["regex"]))
    if filled["json_schema"]:
        constraint = Constraint("json-schema", str(filled["json_schema"]))
    ngram, least, penalty = (
        filled[name] for name in ("no_repeat_ngram_size", "min_new_tokens", "length_penalty")
    )
    stop = filled["stop_string"]
    return Decoding(
        method="sample" if filled["method"] == "sample" else "greedy",
        seed=int(filled["seed"] or 0),
        no_repeat_ngram_size=None if ngram is None else int(ngram),
        min_new_tokens=None if least is None else int(least),
        banned=banned,
        stop_strings=(str(stop),) if stop else (),
        constraint=constraint,
        length_penalty=None if penalty is None else float(penalty),
    )
