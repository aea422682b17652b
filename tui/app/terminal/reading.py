"""Reads what the terminal sends; no byte ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import time
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END as END
from textual._xterm_parser import BRACKETED_PASTE_START as START
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from tui.app.terminal.at_once import modes_before

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.message import Message

PASTE_PAUSE = 2.0
"""Seconds without a byte after which a paste is over: one whose end was lost would swallow every key after it."""
_CHUNK = 4096
_LARGEST = 4096
"""Columns and rows; no terminal is larger, but what is sent as one can be."""


class Keys:
    """What comes from a terminal as text → messages of Textual; a sequence that can't be taken is left out.

    A paste is taken here: Textual's parser would do what escape sequences in it say, as if they were typed.
    """

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._parser = XTermParser(debug)
        self._tail = ""
        """The end of what was read: a mark may be cut by the end of what came."""
        self._paste: list[str] | None = None
        """What was pasted until now; None outside of a paste."""
        self._latest = 0.0

    def read(self, text: str) -> list[Message]:
        """The messages in a text that came, or that are due where nothing came."""
        now = time.monotonic()
        if text:
            self._latest = now
        elif self._paste is not None and now - self._latest > PASTE_PAUSE:
            text = END
        elif self._paste is None:
            return self._parsed("")
        found: list[Message] = []
        while text:
            outside = self._paste is None
            seen = self._tail + text
            at = seen.find(START if outside else END)
            if at < 0:
                self._tail = seen[1 - len(END) :]
                found += self._parsed(text) if outside else self._pasted(text)
                break
            end = at + len(END) - len(self._tail)
            part, text, self._tail = text[:end], text[end:], ""
            if outside:
                self._paste = []
                found += self._parsed(part + END)
            else:
                self._pasted(part)
                pasted = "".join(self._paste or ())[: -len(END)].replace("\x00", "")
                self._paste = None
                found += [events.Paste(pasted)] if pasted else []
        return found

    def _pasted(self, text: str) -> list[Message]:
        if self._paste is not None:
            self._paste.append(text)
        return []

    def _parsed(self, text: str) -> list[Message]:
        """The messages of a text without a paste; with nothing, those that are due."""
        found: list[Message] = []
        try:
            for message in self._parser.feed(text) if text else self._parser.tick():
                if not isinstance(message, events.Paste):
                    found.append(message)  # noqa: PERF401 - those before what can not be taken count
        except Exception:  # noqa: BLE001 - whatever it is, it came from outside, and the next key is another one
            self._parser = XTermParser(self._debug)
        return found


class KeyReader(LinuxDriver):
    """Textual's driver, whose reading thread ends, and the app with it, at a byte that is no UTF-8."""

    @staticmethod
    def instead_of(driver: type[Driver]) -> type[Driver]:
        """This one in the place of Textual's; a driver of another kind as it is."""
        return KeyReader if driver is LinuxDriver else driver

    def start_application_mode(self) -> None:
        """Take the terminal; whoever gets it back, gets it as it was before the program."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.attrs_before = modes_before(self.fileno) or self.attrs_before
        loop = asyncio.get_running_loop()

        def resized(*_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.tell_size)

        # Textual's handler asks for the size where the signal finds it: another signal that comes meanwhile tells
        # the newer size first, and the older one is believed from then on.
        signal.signal(signal.SIGWINCH, resized)

    def tell_size(self) -> None:
        """Tell the app which size the terminal has now."""
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(events.Resize(size, size))

    def run_input_thread(self) -> None:
        """Read until the app ends."""
        decode = getincrementaldecoder("utf-8")("replace").decode
        keys = Keys(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(0.1)
                text = decode(os.read(self.fileno, _CHUNK)) if ready else ""
                if ready and not text:
                    self.exit_event.wait(
                        0.01
                    )  # half a character, or the end of what comes: no reason to spin
                for message in keys.read(text):
                    self.process_message(message)

    def process_message(self, message: Message) -> None:
        """Hand a message to the app; a size is believed where sizes are to come this way, and one can be drawn."""
        if isinstance(message, events.Resize):
            width, height = message.size
            if not self._in_band_window_resize or not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
                return
        super().process_message(message)
