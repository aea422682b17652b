"""The panes of the screen that writes: where they stand, and which of them can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.app.keys import WRITING
from tui.app.panes.input import InputPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.writing.branches import BranchesPane
from tui.app.panes.writing.text import TextPane
from tui.app.screens.frame import Frame
from tui.app.widgets.one_line import OneLine
from tui.app.widgets.palette import COMPONENT_CLASSES

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.widget import Widget


class Prompt(InputPane):
    """What stands before the first written token."""

    NUMBER = 0


class Rows(ProbabilitiesPane):
    """What the selected token, or the next one, is chosen from."""

    NUMBER = 2

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where no row is looked for, “n” and “N” write tokens as everywhere on this screen."""
        return action != "hit" or bool(self.settings is not None and self.settings.find)


class Panes(Frame):
    """Subclasses say what the panes show."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]
    COMPONENT_CLASSES = COMPONENT_CLASSES
    DEFAULT_CSS = """
    Panes #typed { height: 4; }
    Panes.-short #typed { height: 3; }
    Panes #body { height: 1fr; }
    Panes #side { width: 1fr; height: 1fr; }
    Panes #text { height: 3fr; min-height: 4; }
    Panes #branches { height: 2fr; min-height: 4; }
    Panes #rows { width: 1fr; height: 1fr; }
    Panes #probabilities { height: 1fr; }
    Panes.-zoomed #typed, Panes.-zoomed #text, Panes.-zoomed #branches,
    Panes.-zoomed #rows, Panes.-zoomed-rows #side { display: none; }
    Panes.-zoomed #side .-zoom { display: block; height: 1fr; }
    Panes.-zoomed-rows #rows { display: block; height: 1fr; }
    Panes.-narrow #body { layout: vertical; }
    Panes.-narrow #side { height: 3fr; width: 100%; }
    Panes.-narrow #rows { height: 2fr; width: 100%; }
    """

    def __init__(self, prompt: str) -> None:
        super().__init__()
        # Made here and not looked up: what the engine says comes before the screen stands and while it closes, too.
        self.field = Prompt(prompt, id="typed")
        """What is gone on from."""
        self.text = TextPane(id="text")
        """The branch as text."""
        self.branches = BranchesPane(id="branches")
        """All branches."""
        self.probabilities = Rows(id="probabilities")
        """What a token is chosen from."""

    def compose(self) -> ComposeResult:
        """Status, prompt, text and branches, probabilities, hints."""
        yield OneLine(id="status")
        yield self.field
        with Horizontal(id="body"):
            with Vertical(id="side"):
                yield self.text
                yield self.branches
            with Vertical(id="rows"):
                yield self.probabilities
        yield OneLine(id="too-small")
        yield OneLine(id="hints")

    def own_keys(self) -> list[tuple[list[Binding], str]]:
        """What the focused pane's keys do; among probabilities first what can be done with a row."""
        return [bound for bound in super().common_keys() if self._of_row(bound)] + super().own_keys()

    def common_keys(self) -> list[tuple[list[Binding], str]]:
        """The keys of this screen before those of all."""
        own = {key.id for key in WRITING}
        others = [bound for bound in super().common_keys() if not self._of_row(bound)]
        return sorted(others, key=lambda bound: bound[0][0].id not in own)

    def _of_row(self, bound: tuple[list[Binding], str]) -> bool:
        return self.focused is self.probabilities and bound[0][0].id in ("force", "ban")

    def _zoom(self, pane: Widget | None) -> None:
        super()._zoom(pane)
        self.set_class(pane is not None and pane is self.probabilities, "-zoomed-rows")
