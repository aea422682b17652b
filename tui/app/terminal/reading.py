"""Reads what the terminal sends; no byte ends it."""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.driver import Driver

_CHUNK = 4096


class KeyReader(LinuxDriver):
    """Textual's driver, whose reading thread ends, and the app with it, at a byte that is no UTF-8."""

    @staticmethod
    def instead_of(driver: type[Driver]) -> type[Driver]:
        """This one in the place of Textual's; a driver of another kind as it is."""
        return KeyReader if driver is LinuxDriver else driver

    def run_input_thread(self) -> None:
        """Read until the app ends; after a sequence that the parser can't take reading begins anew."""
        decode = getincrementaldecoder("utf-8")("replace").decode
        parser = XTermParser(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(0.1)
                text = decode(os.read(self.fileno, _CHUNK)) if ready else ""
                if ready and not text:
                    self.exit_event.wait(
                        0.01
                    )  # half a character, or the end of what comes: no reason to spin
                try:
                    for event in parser.feed(text) if text else parser.tick():
                        self.process_message(event)
                except Exception as error:  # noqa: BLE001 - reading goes on
                    parser = XTermParser(self._debug)
                    self._app.call_later(self._app._handle_exception, error)
