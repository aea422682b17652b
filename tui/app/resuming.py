"""Which session is gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tui.app.render.glyphs import visible
from tui.app.session import Session, SessionFile
from tui.app.session_format import read


class Resumed(NamedTuple):
    """A session to go on with, or none."""

    session: Session | None
    file: SessionFile
    """Where it is kept from now on."""
    said: str
    """What there is to say of it, or of those that can't be used; harmless."""


def resume(state_folder: Path, which: str) -> Resumed:
    """The session left last (`which` "1"), the one left before it ("2"), ..., or the one in a file."""
    file = SessionFile(state_folder)
    if which.isdecimal():
        session, said = file.load(int(which))
    else:
        try:
            session, said = read(Path(which).expanduser())
        except (OSError, RuntimeError):
            session, said = None, f"{which} is not there"
    return Resumed(session, file, "\n".join(map(visible, said.split("\n"))))
