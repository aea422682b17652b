"""A checkpoint on the Hub, asked about and downloaded by a child process that can be stopped at any moment."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import tui
from tui.engine.errors import EngineError
from tui.engine.sources import facts
from tui.engine.sources.limits import position_limit, token_limit
from tui.engine.sources.locate import Place
from tui.engine.sources.safetensors_header import Weights, most_common_dtype
from tui.protocol.checkpoints import Checkpoint

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2.0


class Remote:
    """One conversation with the Hub; leaving the `with` block ends the child process."""

    def __init__(self, place: Place, check: Callable[[], None]) -> None:
        """`check` is called ten times a second and raises when the conversation is no longer wanted."""
        self._place = place
        self._check = check
        self._unread = b""
        command = [sys.executable, "-X", "utf8", "-m", "tui.engine.sources.download", place.reference]
        if place.revision is not None:
            command.append(f"--revision={place.revision}")
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(tui.__file__).resolve().parents[1],
        )

    def __enter__(self) -> Remote:
        """Nothing more to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the child: first gently, so that it removes the file under way."""
        self._child.terminate()
        try:
            self._child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def describe(self, task: str) -> Checkpoint:
        """What the checkpoint is. Raises EngineError where there is none, or no way to it."""
        known = self._message("facts")["facts"]
        stored = {str(code): int(count) for code, count in known["parameters"].items()}
        obstacle = ""
        if not known["has_weights"]:
            what, hint = known["instead"] or ("", "")
            obstacle = f"{facts.NO_WEIGHTS}{f', only {what}. {hint}' if what else ''}"
        elif not known["has_tokenizer"]:
            obstacle = "it has no tokenizer"
        return facts.from_config(
            self._place,
            known["config"],
            task,
            weights=Weights(
                known["size_bytes"],
                sum(stored.values()) or None,
                most_common_dtype(stored) if stored else None,
            ),
            max_tokens=token_limit(position_limit(known["config"]), known["model_max_length"]),
            license_name=known["license"] if isinstance(known["license"], str) else None,
            obstacle=obstacle,
            remark=known["remark"] if known["has_weights"] else "",
        )

    def download(self, report: Callable[[int, int], object]) -> Path:
        """Fetch what is missing in the cache, after `describe`; `report` is told bytes done and in all."""
        assert self._child.stdin is not None
        self._child.stdin.write(b"download\n")
        self._child.stdin.flush()
        while True:
            message = self._message("done", "folder")
            if "folder" in message:
                return Path(message["folder"])
            report(message["done"], message["total"])

    def _message(self, *kinds: str) -> dict[str, Any]:
        """The child's next message of some kind."""
        while True:
            line = self._line()
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if "failure" in message:
                raise EngineError(**message["failure"])
            if any(kind in message for kind in kinds):
                return dict(message)

    def _line(self) -> bytes:
        assert self._child.stdout is not None
        pipe = self._child.stdout.fileno()
        while b"\n" not in self._unread:
            self._check()
            if not select.select([pipe], [], [], _POLL_SECONDS)[0]:
                continue
            piece = os.read(pipe, 1 << 16)
            if not piece:
                raise EngineError(
                    "The download stopped",
                    f"The process that fetched {self._place.reference} ended without a word.",
                    "Try again; the engine's log may say why.",
                )
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line
