"""What is kept between runs comes back whole, or is refused with a reason."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tui.app.desks import Desk
from tui.app.session import Session, SessionFile
from tui.generation.steps import Chosen
from tui.generation.tree import Tree
from tui.generation.written import Kept
from tui.values import ReadoutSettings


def kept(text: str, cursor: int = 0, task: str = "ner", model: str | None = None) -> Session:
    return Session(task, cursor, {task: Desk({"text": text}, {}, model=model)})


SESSION = kept("I've been waiting", 4, "sentiment-analysis", "nano-sentiment")


def test_a_session_comes_back(tmp_path: Path) -> None:
    SessionFile(tmp_path / "deep" / "state").save(SESSION)
    assert SessionFile(tmp_path / "deep" / "state").load() == (SESSION, "")


@pytest.mark.parametrize(
    "text",
    ["", "日本\u200d\x1b[31m\x00", "half \ud83d of one", "long " * 200_000],
    ids=["empty", "strange", "half", "long"],
)
def test_every_text_comes_back(tmp_path: Path, text: str) -> None:
    session = kept(text, len(text), "sentiment-analysis")
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
        (b'{"format": 2, "task": "a"', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "another version"),
        (b'{"format": 99, "text": "a"}', "another version"),
        (b'{"format": 1, "text": "a", "cursor": 0, "task": "ner", "model": null}', "another version"),
        (b'{"format": 2, "task": "ner", "cursor": 0, "desks": 7}', "lacks a part"),
        (b'{"format": 2, "task": "ner", "cursor": 0, "desks": {"ner": 5}}', "lacks a part"),
        (
            b'{"format": 2, "task": "ner", "cursor": 0, "desks": {"ner": {"inputs": {"text": 5}}}}',
            "lacks a part",
        ),
        (b'{"format": 2, "task": "ner", "cursor": 0, "desks": {"ner": {"model": 7}}}', "lacks a part"),
        (b'{"format": 2, "task": "juggling", "cursor": 0, "desks": {}}', "doesn't have"),
    ],
)
def test_what_is_no_session_is_refused(tmp_path: Path, written: bytes, reason: str) -> None:
    (tmp_path / "session.json").write_bytes(written)
    session, why = SessionFile(tmp_path).load()
    assert session is None
    assert reason in why


def test_a_cursor_outside_the_text_is_brought_back(tmp_path: Path) -> None:
    values = {"format": 2, "cursor": 77, "task": "ner", "desks": {"ner": {"inputs": {"text": "abc"}}}}
    (tmp_path / "session.json").write_text(json.dumps(values))
    session, _ = SessionFile(tmp_path).load()
    assert session == kept("abc", 3)


def test_what_this_version_does_not_know_is_left_out(tmp_path: Path) -> None:
    desk = {
        "inputs": {"text": "abc", "melody": "la"},
        "options": {"aggregation_strategy": "max", "stride": -5, "volume": 11},
    }
    values = {"format": 2, "cursor": 0, "task": "ner", "desks": {"ner": desk, "juggling": {}}}
    (tmp_path / "session.json").write_text(json.dumps(values))
    session, why = SessionFile(tmp_path).load()
    assert session is not None, why
    assert session.desks == {"ner": Desk({"text": "abc"}, {"aggregation_strategy": "max"})}


def test_every_task_comes_back(tmp_path: Path) -> None:
    desks = {
        "question-answering": Desk(
            {"question": "Who?", "context": "Me."}, {"top_k": 3}, model="owner/name@v1"
        ),
        "fill-mask": Desk({"text": "a ___"}, {}, second_shown=True),
    }
    SessionFile(tmp_path).save(Session("fill-mask", 2, desks))
    session, why = SessionFile(tmp_path).load()
    assert session == Session("fill-mask", 2, desks), why


def test_what_was_written_comes_back_and_costs_nothing_else_where_it_is_damaged(tmp_path: Path) -> None:
    kept = Kept(Tree().grown(Chosen(0, 7, "a")), {"seed": 3}, (5,), ReadoutSettings(top_k=4))
    about = ("text-generation", "nano-generation")
    SessionFile(tmp_path).save(SESSION._replace(written={about: kept}))
    session, why = SessionFile(tmp_path).load()
    assert session is not None, why
    assert session[:3] == SESSION[:3]
    assert session.written[about].tree.ids() == (7,)
    assert session.written[about][1:] == kept[1:]
    values = json.loads((tmp_path / "session.json").read_text())
    damages: tuple[object, ...] = ([{**values["written"][0], "current": 4}], 5, {}, [[]])
    for damaged in damages:
        (tmp_path / "session.json").write_text(json.dumps({**values, "written": damaged}))
        assert SessionFile(tmp_path).load() == (SESSION, "")


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    assert "can't be read" in SessionFile(tmp_path).load()[1]
    with pytest.raises(OSError, match="session"):
        SessionFile(tmp_path).save(SESSION)
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]


def test_the_last_save_is_the_last(tmp_path: Path) -> None:
    file = SessionFile(tmp_path)
    file.save_last(SESSION)
    file.save(kept("an older one, from a slow thread"))
    assert file.load()[0] == SESSION


def test_playgrounds_side_by_side_never_leave_half_a_session(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.app.test_session import SessionFile, kept\n"
        "name, file = sys.argv[1], SessionFile(Path(sys.argv[2]))\n"
        "for size in range(300): file.save(kept(name * size * 50, model=name))\n"
    )
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", program, name, str(tmp_path)], cwd=root)
        for name in ("a", "b")
    ]
    reader, seen = SessionFile(tmp_path), set()
    running = True
    while running:
        running = any(writer.poll() is None for writer in writers)
        session, reason = reader.load()
        assert session is not None or reason == "no session has been kept yet"
        if session is not None:
            desk = session.desks["ner"]
            assert desk.inputs["text"] == (desk.model or "") * len(desk.inputs["text"])
            seen.add(desk.model)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]
    assert seen


def test_threads_may_save_at_once(tmp_path: Path) -> None:
    file = SessionFile(tmp_path)
    sessions = [kept(str(number) * 10_000) for number in range(8)]
    threads = [threading.Thread(target=file.save, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.load()[0] in sessions
