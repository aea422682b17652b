"""A screen closes once, and only while it is the one on top; a dialog that is closed hears nothing any more.

What was meant for a dialog may reach it when it is closed: a fact that was asked for, a timer, a second deed.
Textual would then take another screen off the stack, in the end the last one, and look for widgets that are gone.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from textual import events, messages
from textual.await_complete import AwaitComplete
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, Screen

from tui.app.terminal.last_resort import LastResort

if TYPE_CHECKING:
    from textual.message import Message

Result = TypeVar("Result")


class Passed(events.Callback):
    """Waits in a queue behind all that is there now, to tell that it has been taken."""


Passed.handler_name = events.Callback.handler_name
_ENDS = (events.Unmount, messages.CloseMessages, messages.Prune, Passed)
"""What a screen that closes still has to hear."""
_dismiss = Screen.dismiss


@wraps(_dismiss)
def dismiss(self: Screen[Result], result: Result | None = None) -> AwaitComplete:
    """Close the screen with its result; nothing where it is closed or covered."""
    if isinstance(self.app, LastResort) and not (self.is_active and len(self.app.screen_stack) > 1):
        return AwaitComplete()
    return _dismiss(self, result)


async def _dispatch_message(self: Screen[Any], message: Message) -> None:
    """Take a message; what was meant for a dialog that is closed meanwhile is let go.

    Another screen still takes what its widgets say: it may have to hand on what was typed before.
    """
    app = self.app
    if self.is_mounted and isinstance(app, LastResort) and self not in app.screen_stack:
        if isinstance(message, events.InputEvent | events.Paste | events.Resize):
            return
        if isinstance(self, ModalScreen) and not isinstance(message, _ENDS):
            return
    await MessagePump._dispatch_message(self, message)


Screen.dismiss = dismiss  # type: ignore[assignment, method-assign]
Screen._dispatch_message = _dispatch_message  # type: ignore[assignment, method-assign]
