"""How the engine is: the one place that hears of its deaths, silence and returns, for all screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.engine_client import EngineLost, EngineSilent, EngineStarted
from tui.app.engine_client.failures import KEY
from tui.app.news import News

if TYPE_CHECKING:
    from tui.app.engine_client import Notice

STARTING, UP = "starting the engine", ""
RESTARTING, STOPPED = "restarting the engine", f"engine stopped: {KEY} starts it"


class EngineNews:
    """The engine's state; the one writer of it."""

    def __init__(self, tell: Callable[[News], None], log_path: Path) -> None:
        """`tell` is called whenever something changed."""
        self._tell = tell
        self._news = News(STARTING)
        self.pid: int | None = None
        """Process id of the engine on its machine, once it is up."""
        self.log_path = log_path

    @property
    def state(self) -> str:
        """What it is at, while it takes no requests."""
        return self._news.state

    @property
    def is_stopped(self) -> bool:
        """Whether it is down until somebody wants it up."""
        return self._news.state == STOPPED

    def restarting(self) -> None:
        """A restart was asked for."""
        self._now(News(RESTARTING))

    def hear(self, notice: Notice) -> None:
        """Take what the client says of the process."""
        match notice:
            case EngineStarted(ready=ready, restarted=restarted):
                self.pid, self.log_path = ready.pid, Path(ready.log_path)
                self._now(News(UP, said="A new engine runs", returned=True) if restarted else News())
            case EngineLost(failure=failure, restarts=restarts):
                self._now(News(RESTARTING if restarts else STOPPED, said=failure.title))
            case EngineSilent(seconds=seconds, answering=answering):
                for_seconds = f"The engine has not answered for {seconds:.0f} s; {KEY} restarts it"
                self._now(self._news._replace(silence="" if answering else for_seconds))
            case _:
                pass

    def _now(self, news: News) -> None:
        if news != self._news:
            self._news = news
            self._tell(news)
