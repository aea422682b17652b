"""What is no plain file is refused, whatever it is, and nothing is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.attacks.places import KINDS
from tui.system.plain_files import decoded, open_plain, read_plain

WORDS = {"pipe": "a named pipe", "zero": "a device", "socket": "a socket", "folder": "a folder"}


@pytest.mark.parametrize("kind", WORDS)
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path / "x")
    for read in (open_plain, lambda path: read_plain(path, 100)):
        with pytest.raises(OSError, match=WORDS[kind]) as raised:
            read(tmp_path / "x")
        assert raised.value.filename == str(tmp_path / "x")


def test_a_pipe_put_in_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at and what is opened can be two things."""
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    seen = (tmp_path / "file").stat()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: seen)
    with pytest.raises(OSError, match="a named pipe"):
        open_plain(tmp_path / "pipe")


def test_links_and_sizes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_plain(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match="too large"):
        read_plain(tmp_path / "file", 4)
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "nothing")


def test_files_that_say_they_are_empty() -> None:
    """Those of /proc do."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system has no /proc")
    assert b"Name:" in read_plain(Path("/proc/self/status"), 10**6)
    with pytest.raises(OSError, match="too large"):
        read_plain(Path("/proc/self/status"), 10)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a".encode("utf-16"), "UTF-16"),
        ("a".encode("utf-32"), "UTF-32"),
        (b"a\n\xc3\xa9\xff", "line 2, column 2 is not UTF-8 .byte 0xff"),
        (b"\xed\xa0\x80", "not UTF-8"),
    ],
)
def test_other_encodings_are_named(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decoded(content)


def test_a_byte_order_mark_is_no_text() -> None:
    assert decoded(b"\xef\xbb\xbfa") == "a"
