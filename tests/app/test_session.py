"""What is kept between runs comes back whole, or is refused with a reason."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tui.app.session import Session, SessionFile

SESSION = Session("I've been waiting", 4, "sentiment-analysis", "nano-sentiment")


def test_a_session_comes_back(tmp_path: Path) -> None:
    SessionFile(tmp_path / "deep" / "state").save(SESSION)
    assert SessionFile(tmp_path / "deep" / "state").load() == (SESSION, "")


@pytest.mark.parametrize(
    "text",
    ["", "日本\u200d\x1b[31m\x00", "half \ud83d of one", "long " * 200_000],
    ids=["empty", "strange", "half", "long"],
)
def test_every_text_comes_back(tmp_path: Path, text: str) -> None:
    session = Session(text, len(text), "sentiment-analysis", None)
    SessionFile(tmp_path).save(session)
    assert SessionFile(tmp_path).load()[0] == session


def test_only_the_user_reads_it(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "state")
    file.save(SESSION)
    file.save(SESSION)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.path.parent.iterdir()) == [file.path]


def test_no_session_yet(tmp_path: Path) -> None:
    assert SessionFile(tmp_path).load() == (None, "no session has been kept yet")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'{"format": 1, "text": "a"', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "another version"),
        (b'{"format": 99, "text": "a"}', "another version"),
        (b'{"format": 1, "text": 5, "cursor": 0, "task": "ner", "model": null}', "lacks a part"),
        (b'{"format": 1, "text": "a", "cursor": 0, "task": "ner", "model": 7}', "lacks a part"),
        (b'{"format": 1, "text": "a", "cursor": 0, "task": "juggling", "model": null}', "doesn't have"),
    ],
)
def test_what_is_no_session_is_refused(tmp_path: Path, written: bytes, reason: str) -> None:
    (tmp_path / "session.json").write_bytes(written)
    session, why = SessionFile(tmp_path).load()
    assert session is None
    assert reason in why


def test_a_cursor_outside_the_text_is_brought_back(tmp_path: Path) -> None:
    values = {"format": 1, "text": "abc", "cursor": 77, "task": "ner", "model": None}
    (tmp_path / "session.json").write_text(json.dumps(values))
    session, _ = SessionFile(tmp_path).load()
    assert session == Session("abc", 3, "ner", None)


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    assert "can't be read" in SessionFile(tmp_path).load()[1]
    with pytest.raises(OSError, match="session"):
        SessionFile(tmp_path).save(SESSION)
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]


def test_the_last_save_is_the_last(tmp_path: Path) -> None:
    file = SessionFile(tmp_path)
    file.save_last(SESSION)
    file.save(Session("an older one, from a slow thread", 0, "ner", None))
    assert file.load()[0] == SESSION


def test_playgrounds_side_by_side_never_leave_half_a_session(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tui.app.session import Session, SessionFile\n"
        "name, file = sys.argv[1], SessionFile(Path(sys.argv[2]))\n"
        "for size in range(300): file.save(Session(name * size * 50, 0, 'ner', name))\n"
    )
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", program, name, str(tmp_path)], cwd=root)
        for name in ("a", "b")
    ]
    reader, seen = SessionFile(tmp_path), set()
    while any(writer.poll() is None for writer in writers):
        session, reason = reader.load()
        assert session is not None or reason == "no session has been kept yet"
        if session is not None:
            assert session.text == (session.model or "") * len(session.text)
            seen.add(session.model)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]
    assert seen


def test_threads_may_save_at_once(tmp_path: Path) -> None:
    file = SessionFile(tmp_path)
    sessions = [Session(str(number) * 10_000, 0, "ner", None) for number in range(8)]
    threads = [threading.Thread(target=file.save, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.load()[0] in sessions
