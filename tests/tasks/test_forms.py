"""What can be typed into an option can be sent to the engine, or is refused in words."""

from __future__ import annotations

import pytest

from tui.protocol import Cancel
from tui.protocol.frames import encode_frame
from tui.tasks.forms import LARGEST_WHOLE, Option


@pytest.mark.parametrize("typed", [str(LARGEST_WHOLE + 1), "-" + "9" * 30, "9" * 5000, "1e400", "nan"])
def test_a_number_that_no_frame_holds_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="size is"):
        Option("size", "", None, int).parsed(typed)


def test_the_largest_number_is_taken() -> None:
    assert Option("size", "", None, int).parsed(str(LARGEST_WHOLE)) == LARGEST_WHOLE


def test_a_message_that_no_frame_holds_is_told() -> None:
    with pytest.raises(ValueError, match=r"int|2\*\*64"):
        encode_frame(Cancel(1, 2**70))
