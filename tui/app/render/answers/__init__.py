"""How each kind of answer is drawn: one file for each view, a pure function from view to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from tui.app.render.answers import (
    classified,
    extracted,
    featured,
    filled,
    generated,
    ranked,
    scored,
    tagged,
)
from tui.app.render.answers.base import Drawing
from tui.protocol.answers import (
    AnswerView,
    AnyView,
    Classified,
    Extracted,
    Featured,
    Filled,
    Generated,
    Ranked,
    Scored,
    Tagged,
)

_Seen = TypeVar("_Seen", bound=AnswerView)


def _entry(kind: type[_Seen], drawing: Drawing[_Seen]) -> tuple[type[AnswerView], Drawing[Any]]:
    """A view with the module that draws it: mypy sees here whether they fit."""
    return kind, drawing


_DRAWINGS: Mapping[type[AnswerView], Drawing[Any]] = dict(
    (
        _entry(Classified, classified),
        _entry(Ranked, ranked),
        _entry(Scored, scored),
        _entry(Filled, filled),
        _entry(Tagged, tagged),
        _entry(Extracted, extracted),
        _entry(Generated, generated),
        _entry(Featured, featured),
    )
)
assert set(_DRAWINGS) == set(get_args(AnyView)), "a view without a drawing"


def drawing_of(view: AnyView) -> Drawing[Any]:
    """The module that draws a view."""
    return _DRAWINGS[type(view)]
