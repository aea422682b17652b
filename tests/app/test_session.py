"""What is kept between runs comes back whole, or is refused with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tui.app.branches.tree import Tree
from tui.app.branches.written import Kept
from tui.app.desks import Desk, Desks
from tui.app.keeping import Keeper
from tui.app.session import KEPT, Session, SessionFile
from tui.app.session_format import LARGEST_BYTES
from tui.protocol.failures import Failure
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.steps import Chosen


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
    assert file.path is not None
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["session-1.json", "session-1.lock"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in file.path.parent.iterdir())
    file.save_last(SESSION)
    assert list(file.path.parent.iterdir()) == [file.path], "a lock is for programs that run"


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
    values = json.loads((tmp_path / "session-1.json").read_text())
    damages: tuple[object, ...] = ([{**values["written"][0], "current": 4}], 5, {}, [[]])
    for damaged in damages:
        (tmp_path / "session-9.json").write_text(json.dumps({**values, "written": damaged}))
        session, why = SessionFile(tmp_path).load()
        assert session == SESSION
        assert "damaged" in why
        assert "it is kept as session-9.json.aside" in why


def test_what_is_no_session_is_kept_aside_and_the_one_before_is_gone_on_with(tmp_path: Path) -> None:
    SessionFile(tmp_path).save_last(SESSION)
    (tmp_path / "session-2.json").mkdir()
    os.mkfifo(tmp_path / "session-3.json")
    (tmp_path / "session-4.json").write_bytes(b"\x7fELF\x00")
    (tmp_path / "session-5.json").write_bytes(b'{"format": 99, "wings": 2}')
    (tmp_path / "session-6.json").symlink_to(tmp_path / "nowhere")
    with (tmp_path / "session-7.json").open("wb") as large:
        large.truncate(LARGEST_BYTES + 1)
    (tmp_path / "session-5.json.aside").write_bytes(b"an older one")
    file = SessionFile(tmp_path)
    session, why = file.load()
    assert session == SESSION
    said = why.split("; ")
    assert [each for each in said if "kept as" in each] == [
        f"it is kept as session-{number}.json.aside" + ("-2" if number == 5 else "")
        for number in (7, 5, 4, 3, 2)
    ]
    for number, reason in ((7, "larger"), (5, "another version"), (4, "not JSON"), (3, "not a file")):
        assert any(f"session-{number}.json" in each and reason in each for each in said), reason
    file.save_last(SESSION)
    assert (tmp_path / "session-5.json.aside-2").read_bytes() == b'{"format": 99, "wings": 2}'
    assert (tmp_path / "session-5.json.aside").read_bytes() == b"an older one"


def test_old_sessions_go_and_what_is_none_stays(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_bytes(b'{"format": 99}')
    left_behind = tmp_path / "session-1-abc.tmp"
    for number in range(KEPT + 3):
        SessionFile(tmp_path).save_last(kept(f"number {number}"))
        left_behind.touch()
    SessionFile(tmp_path).save_last(kept("the last"))
    numbers = range(5, KEPT + 5)
    names = {"session.json", *(f"session-{number}.json" for number in numbers)}
    assert {path.name for path in tmp_path.iterdir()} == names
    texts = [SessionFile(tmp_path).load(which)[0] for which in (1, 2, KEPT)]
    assert texts == [kept("the last"), kept(f"number {KEPT + 2}"), kept("number 4")]
    session, why = SessionFile(tmp_path).load(KEPT + 1)
    assert session is None
    assert "session.json is of another version" in why
    assert (f"there are {KEPT}, the last one first:\n  1  ner  the last\n  2  ner  number") in why


PROGRAM = (
    "import sys; from pathlib import Path; from tests.app.test_session import SessionFile, kept\n"
    "name, file = sys.argv[1], SessionFile(Path(sys.argv[2]))\n"
    "file.save(kept(name)); print('kept', flush=True)\n"
    "for line in sys.stdin:\n"
    "    if line == 'mark\\n': file.mark('text'); print('marked', flush=True)\n"
    "file.save_last(kept(name + ' at its end'))\n"
)
ROOT = Path(__file__).parents[2]


def program(name: str, folder: Path) -> subprocess.Popen[str]:
    """Another program with a session of its own, until its input ends."""
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, name, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "kept\n"
    return running


def test_two_programs_keep_both_sessions(tmp_path: Path) -> None:
    first, second = program("first", tmp_path), program("second", tmp_path)
    assert SessionFile(tmp_path).load() == (None, "no session has been kept yet"), "both are in use"
    second.communicate()
    assert SessionFile(tmp_path).load()[0] == kept("second at its end")
    first.communicate()
    assert SessionFile(tmp_path).load()[0] == kept("first at its end"), "it was left last"
    one, other = SessionFile(tmp_path), SessionFile(tmp_path)
    assert one.load()[0] == kept("first at its end")
    assert other.load()[0] == kept("second at its end"), "the first one has the other"


def test_a_killed_program_leaves_its_session_and_no_lock(tmp_path: Path) -> None:
    running = program("killed", tmp_path)
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write("mark\n")
    running.stdin.flush()
    assert running.stdout.readline() == "marked\n"
    running.kill()
    running.communicate()
    file = SessionFile(tmp_path)
    assert file.load() == (kept("killed"), "")
    assert file.left_open == "text"
    file.mark("")
    file.save_last(kept("answered"))
    again = SessionFile(tmp_path)
    assert again.load() == (kept("answered"), "")
    assert again.left_open == ""


def test_a_full_disk_leaves_the_session_of_before(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from tests.app.test_session import SessionFile, kept\n"
        "file = SessionFile(Path(sys.argv[1])); file.save(kept('before'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "for save in (file.save, file.save_last):\n"
        "    try: save(kept('x' * 5000))\n"
        "    except OSError as error: print(error.strerror)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "File too large\nFile too large\n"
    assert SessionFile(tmp_path).load() == (kept("before"), "")
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("folder", ["a file", "/proc/nowhere", "/dev/null/state"])
def test_a_folder_that_can_not_be_written_is_an_oserror(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a file").touch()
    file = SessionFile(tmp_path / folder)
    for save in (file.save, file.save_last):
        with pytest.raises(OSError, match=r"exist|directory|No such"):
            save(SESSION)
    assert file.load() == (None, "no session has been kept yet")


async def test_that_it_can_not_be_kept_is_told_once_and_that_it_can_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.touch()
    told: list[Failure | None] = []
    keeper = Keeper(SessionFile(folder), lambda: SESSION, told.append, worth=True)
    await keeper.save()
    await keeper.save()
    assert len(told) == 1
    assert told[0] is not None
    assert "File exists" in told[0].detail
    folder.unlink()
    await keeper.save()
    await keeper.save()
    assert told[1:] == [None]
    keeper.leave("")
    assert not keeper.farewell
    assert SessionFile(folder).load() == (SESSION, "")


async def test_what_nobody_changed_pushes_nothing_out(tmp_path: Path) -> None:
    untouched = Session("ner", 0, {"ner": Desks().of("ner")})
    keeper = Keeper(SessionFile(tmp_path), lambda: untouched, print, worth=False)
    keeper.leave("")
    assert SessionFile(tmp_path).load()[0] is None
    changed = untouched._replace(desks={"ner": Desks().of("ner")._replace(second_shown=True)})
    keeper = Keeper(SessionFile(tmp_path), lambda: changed, print, worth=False)
    keeper.leave("")
    assert SessionFile(tmp_path).load() == (changed, "")


def test_the_last_save_is_the_last(tmp_path: Path) -> None:
    file = SessionFile(tmp_path)
    file.save_last(SESSION)
    file.save(kept("an older one, from a slow thread"))
    assert file.load()[0] == SESSION


def test_threads_may_save_at_once(tmp_path: Path) -> None:
    file = SessionFile(tmp_path)
    sessions = [kept(str(number) * 10_000) for number in range(8)]
    threads = [threading.Thread(target=file.save, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.load()[0] in sessions
