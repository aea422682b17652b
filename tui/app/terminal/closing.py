"""A screen closes once, and only while it is the one on top; a dialog that is closed hears nothing any more.

Keys are handed to the widget that has the focus, and wait there: a second enter of one packet reaches a dialog
that the first one has closed. Textual would then take another screen off the stack, in the end the last one, and
look for widgets that are gone.
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
_ENDS = (events.Unmount, messages.CloseMessages, messages.Prune)
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

    A key that none of its widgets took goes to the screen that is on top now. Another screen still takes what its
    widgets say: it may have to hand on what was typed before.
    """
    app = self.app
    if self.is_mounted and isinstance(app, LastResort) and self not in app.screen_stack:
        if isinstance(message, events.Key):
            app.post_message(events.Key(message.key, message.character))
            return
        if isinstance(message, events.InputEvent | events.Paste | events.Resize):
            return
        if isinstance(self, ModalScreen) and not isinstance(message, _ENDS):
            return
    await MessagePump._dispatch_message(self, message)


Screen.dismiss = dismiss  # type: ignore[assignment, method-assign]
Screen._dispatch_message = _dispatch_message  # type: ignore[assignment, method-assign]
