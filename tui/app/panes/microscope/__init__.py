"""The views of the tokenizer microscope, in the order of their digits."""

from __future__ import annotations

from tui.app.panes.microscope.algorithm import AlgorithmView
from tui.app.panes.microscope.ids import IdsView
from tui.app.panes.microscope.side_by_side import SideBySideView
from tui.app.panes.microscope.stages import StagesView
from tui.app.panes.microscope.tokens import TokensView
from tui.app.panes.microscope.training import TrainingView
from tui.app.panes.microscope.view import View
from tui.app.panes.microscope.vocabulary import VocabularyView

VIEWS: tuple[type[View], ...] = (
    StagesView,
    AlgorithmView,
    SideBySideView,
    VocabularyView,
    IdsView,
    TrainingView,
    TokensView,
)
