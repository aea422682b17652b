"""What every screen does: it tells how the engine is, and its key restarts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.app.keys import EVERYWHERE, bindings
from tui.app.render.glyphs import visible

if TYPE_CHECKING:
    from tui.app.news import News

Result = TypeVar("Result")


class HearsNews(Screen[Result]):
    """Hears of the engine from when it is mounted: of its state at once, of events as they come."""

    def on_mount(self) -> None:
        """Subscribe."""
        app: Any = self.app
        self.hear_news(app.news._replace(said=""))  # what was said was said on another screen
        self.watch(app, "news", self.hear_news, init=False)

    def hear_news(self, news: News) -> None:
        """The engine's state, silence, or what happened to it."""
        raise NotImplementedError


class Modal(ModalScreen[Result], HearsNews[Result]):
    """A screen over another one; its last line tells of the engine while there is something to tell."""

    BINDINGS = bindings(tuple(key for key in EVERYWHERE if key.id == "restart"))
    DEFAULT_CSS = "Modal > #engine-news { dock: bottom; height: 1; background: $panel; color: $text-error; }"

    def hear_news(self, news: News) -> None:
        """Show what is to be told now."""
        told = news.silence or news.said or news.state
        line = next(self.query("#engine-news").results(Static), None)
        if line is None and told:
            line = Static(id="engine-news", markup=False)
            self.mount(line)
        if line is not None:
            line.display = bool(told)
            line.update(Content(f" {visible(told)}"))
