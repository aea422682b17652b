"""A Hub on this machine: just enough of its interface for huggingface_hub to look up and download checkpoints."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tui.engine.sources.safetensors_header import read_weights

COMMIT = "c0ffee" + "0" * 34
_CHUNK = 64 * 1024
_INFO = re.compile(r"/api/models/(?P<id>[\w.-]+(?:/[\w.-]+)?)(?:/revision/(?P<revision>[^/?]+))?(?:\?.*)?")
_FILE = re.compile(r"/(?P<id>[\w.-]+(?:/[\w.-]+)?)/resolve/(?P<revision>[^/]+)/(?P<name>[^?]+)(?:\?.*)?")


class LoopbackHub:
    """Serves folders as repositories; `refusals` answers an id with a status and the Hub's error code."""

    def __init__(self, repositories: Mapping[str, Path], stop_after: int | None = None) -> None:
        """stop_after: bytes of a file after which the line stands still until `go_on`."""
        self.repositories = dict(repositories)
        self.refusals: dict[str, tuple[int, str]] = {}
        self.stop_after = stop_after
        self.moving = threading.Event()
        if stop_after is None:
            self.moving.set()
        self.requests: list[str] = []
        """Method and path of every request, in order."""
        hub = self

        class Handler(_Handler):
            owner = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> LoopbackHub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on()
        self._server.shutdown()
        self._server.server_close()

    def go_on(self) -> None:
        """Let the line move, now and from now on."""
        self.moving.set()

    def environment(self, cache: Path) -> dict[str, str]:
        """Variables that point a process to this hub and to a cache of its own."""
        return {
            "HF_ENDPOINT": f"http://127.0.0.1:{self._server.server_address[1]}",
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(cache),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DOWNLOAD_TIMEOUT": "600",  # the line may stand still for as long as a test needs
        }

    def info(self, name: str) -> dict[str, Any]:
        folder = self.repositories[name]
        weights = folder / "model.safetensors"
        return {
            "id": name,
            "modelId": name,
            "sha": COMMIT,
            "private": False,
            "siblings": [
                {"rfilename": file.name, "size": file.stat().st_size} for file in sorted(folder.iterdir())
            ],
            "cardData": {"license": "apache-2.0"},
            "safetensors": (
                {"parameters": {"F32": read_weights([weights]).parameters}, "total": 1}
                if weights.exists()
                else None
            ),
        }


class _Handler(BaseHTTPRequestHandler):
    owner: LoopbackHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name it overrides
        self.owner.requests.append(f"{self.command} {self.path}")

    def _answer(self, with_body: bool) -> None:
        matched = _INFO.fullmatch(self.path) or _FILE.fullmatch(self.path)
        found = matched.groupdict() if matched else {}
        name = found.get("id", "")
        if name in self.owner.refusals:
            return self._refuse(*self.owner.refusals[name])
        if name not in self.owner.repositories:
            return self._refuse(401, "RepoNotFound")
        if found.get("revision") not in (None, "main", COMMIT):
            return self._refuse(404, "RevisionNotFound")
        if "name" not in found:
            return self._send(json.dumps(self.owner.info(name)).encode(), {}, with_body)
        file = self.owner.repositories[name] / found["name"]
        if not file.is_file():
            return self._refuse(404, "EntryNotFound")
        content = file.read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        return self._send(content, headers, with_body)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes, headers: Mapping[str, str], with_body: bool) -> None:
        self.send_response(200)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not with_body:
            return
        for start in range(0, len(content), _CHUNK):
            if self.owner.stop_after is not None and start >= self.owner.stop_after:
                self.owner.moving.wait()
            try:
                self.wfile.write(content[start : start + _CHUNK])
            except OSError:
                return
