"""An empty Textual app with as many bordered panes as the playground: the floor of the first frame."""

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

LEFT = ("1 Task", "2 Model")
RIGHT = ("3 Input", "4 Tokens", "5 Forward", "6 Logits → probabilities", "7 Answer")


class EmptyApp(App[None]):
    CSS = """
    #status, #hints { height: 1; }
    #left { width: 27; }
    #left > Static, #right > Static { height: 1fr; border: round $foreground 25%; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        yield Static("status", id="status")
        with Horizontal():
            with Vertical(id="left"):
                yield from map(_pane, LEFT)
            with Vertical(id="right"):
                yield from map(_pane, RIGHT)
        yield Static("hints", id="hints")


def _pane(title: str) -> Static:
    pane = Static("text")
    pane.border_title = title
    return pane


if __name__ == "__main__":
    EmptyApp().run()
