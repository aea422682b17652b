"""The last resort: an exception in a handler, a paint, a timer, a worker or a callback is told; the screen goes on.

Textual ends the app at the first exception that a handler lets through, and the loop of the widget it came from
with it. Here each message is taken by itself: what fails is given to `App._handle_exception`, the next message is
taken as if nothing had happened, and a widget that can't be measured or drawn is shown as one line that says so.
An app of another kind ends as Textual has it.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual._context import active_message_pump
from textual.box_model import BoxModel
from textual.message_pump import MessagePump
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import WorkerFailed

from tui.app.terminal.drawn_app import DrawnApp
from tui.app.terminal.falls import Falls, failed
from tui.app.terminal.reading import KeyReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.driver import Driver
    from textual.geometry import Region, Size
    from textual.message import Message

Heard = TypeVar("Heard")
NOT_DRAWN = "⚠ can't be drawn; F4 tells why"


class LastResort(DrawnApp):
    """Takes every exception that nothing else took; subclasses say how it is told."""

    def __init__(self, log_path: Path) -> None:
        super().__init__()
        self.falls = Falls(log_path, self.tell_fall)
        self.goes_on = False
        """Whether there is a screen that can go on: before, and at the end, a failure is told after it."""

    def tell_fall(self, sentence: str) -> None:
        """Show what failed."""
        raise NotImplementedError

    def get_driver_class(self) -> type[Driver]:
        """The terminal's driver, of the kind that survives every byte."""
        return KeyReader.instead_of(super().get_driver_class())

    async def on_event(self, event: events.Event) -> None:
        """What a person does while the app ends has no screen any more to go to."""
        if isinstance(event, events.InputEvent | events.Paste) and (self._exit or not self.screen_stack):
            return
        await super().on_event(event)

    def take_stray(self) -> None:
        """Take what fails in tasks and callbacks of the running event loop, too."""

        def stray(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if isinstance(error, Exception):
                self._handle_exception(error)
            else:
                loop.default_exception_handler(context)

        asyncio.get_running_loop().set_exception_handler(stray)

    def guarded(self, listener: Callable[[Heard], None]) -> Callable[[Heard], None]:
        """The same listener, but what fails in it goes no further."""

        def listening(heard: Heard) -> None:
            try:
                listener(heard)
            except Exception as error:  # noqa: BLE001 - the last resort
                self._take(error, f"Hearing {type(heard).__name__}")

        return listening

    def _handle_exception(self, error: Exception) -> None:
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error
        self._take(error, _name(active_message_pump.get(self)))

    def _take(self, error: Exception, where: str) -> None:
        if self._exception is None:
            self._exception = error  # for `run_test`, which raises it at its end
            self._exception_event.set()
        self.falls.take(error, where, tell=self.goes_on and not self._exit)
        if not self.goes_on and not self._exit:
            self._return_code = 1
            said = f"logitscope: {failed(error, where)} at the start\n  {self.falls.log_path} has all of it."
            self._exit_renderables.append(Text(said, no_wrap=True, overflow="ignore"))
            self._close_messages_no_wait()


def _name(pump: MessagePump) -> str:
    """What a part of the screen is called."""
    name = getattr(pump, "pane_name", "") or type(pump).__name__
    return f"“{name}”"


_dispatch = MessagePump._dispatch_message
_render_lines = Widget.render_lines
_box_model = Widget._get_box_model


@wraps(_dispatch)
async def _dispatch_message(self: MessagePump, message: Message) -> None:
    """One message; what its handlers let through ends neither the widget's loop nor the app.

    A widget that is removed while it is composed has none of its own widgets, and is not mounted.
    """
    if isinstance(message, events.Mount) and (self._closing or getattr(self, "_pruning", False)):
        return
    try:
        await _dispatch(self, message)
    except Exception as error:
        app = self.app
        if not isinstance(app, LastResort):
            raise
        app._handle_exception(error)


@wraps(_render_lines)
def render_lines(self: Widget, crop: Region) -> list[Strip]:
    """A widget's lines; of one that can't be drawn a line that says so."""
    try:
        return _render_lines(self, crop)
    except Exception as error:
        app = self.app
        if not isinstance(app, LastResort):
            raise
        app._take(error, f"Drawing {_name(self)}")
        said = Strip([Segment(NOT_DRAWN)]).crop_extend(0, crop.width, None)
        return [said if y == 0 else Strip.blank(crop.width) for y in range(crop.height)]


@wraps(_box_model)
def _get_box_model(self: Widget, container: Size, viewport: Size, *rest: Any, **named: Any) -> BoxModel:
    """A widget's size; of one that can't be measured one line."""
    try:
        return _box_model(self, container, viewport, *rest, **named)
    except Exception as error:
        app = self.app
        if not isinstance(app, LastResort):
            raise
        app._take(error, f"Measuring {_name(self)}")
        return BoxModel(Fraction(container.width), Fraction(1), self.styles.margin)


MessagePump._dispatch_message = _dispatch_message  # type: ignore[method-assign]
Widget.render_lines = render_lines  # type: ignore[method-assign]
Widget._get_box_model = _get_box_model  # type: ignore[method-assign]
