"""The work of a load: find or fetch the checkpoint, bring torch in, read the weights, telling every stage."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from functools import partial

from tui import catalogue
from tui.engine import device, runtime
from tui.engine.checkpoint import loading
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.errors import Abandoned
from tui.engine.frames import Outbox
from tui.engine.sources.obtain import obtain
from tui.engine.table import task_named
from tui.engine.tokenization.entries import AnyTokenizer
from tui.protocol import Load, Progress

_FIRST_TEXT_SECONDS = 0.15
"""How long the import of torch waits for a first text, which would have to wait for it otherwise."""

_LOG = logging.getLogger(__name__)


@dataclass
class PendingLoad:
    """A load that is not done; its tokenizer is known early for a built-in checkpoint."""

    request: Load
    _tokenizer: AnyTokenizer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def early_tokenizer(self) -> AnyTokenizer | None:
        """The tokenizer, where it can be had without importing torch."""
        with self._lock:
            if self._tokenizer is None:
                folder = catalogue.built_in_folder(self.request.reference)
                if folder is not None and (folder / "tokenizer.json").is_file():
                    self._tokenizer = loading.built_in_tokenizer(folder)
            return self._tokenizer


class Loader:
    """Loads checkpoints, one at a time, without touching the one in use."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._libraries = runtime.Libraries()
        self._is_put_off = False
        self._started = time.monotonic()
        self.first_text_read = threading.Event()
        """Set by whoever has tokenized the first text."""
        self.default_dtype_gate = threading.Lock()
        """Held while torch's process-wide default dtype is not float32; forwards take it too."""

    def prewarm(self) -> None:
        """Import torch and transformers in the background: the first load comes soon, where any can come."""
        if runtime.is_without_torch():
            return

        def bring_in() -> None:
            try:
                self._wait_for_first_text()
                if not self._is_put_off:
                    self._libraries.bring_in()
            except BaseException:  # noqa: BLE001 - the load that follows meets it again and tells it
                _LOG.exception("the libraries could not be imported ahead of the first load")

        try:
            threading.Thread(target=bring_in, name="prewarm", daemon=True).start()
        except RuntimeError:  # the system gives no more threads; the load needs none of its own
            _LOG.exception("no thread to import the libraries ahead of the first load")

    def put_off(self) -> None:
        """Leave the import to the first load: what is asked before it needs no model, and maybe none ever comes."""
        self._is_put_off = True

    def load(self, pending: PendingLoad) -> LoadedCheckpoint:
        """Do a load, sending its `Progress`.

        Raises Abandoned when the request is over before the load is, EngineError and what the libraries raise.
        """
        request = pending.request

        def stage(name: str) -> None:
            if not self._outbox.send(Progress(request.id, name)):
                raise Abandoned

        def report(done: int, total: int) -> None:
            self._outbox.send(Progress(request.id, "download", done, total, "bytes"))

        task_named(request.task)
        device.check_spelling(request.device)
        check = partial(self._outbox.check, request.id)
        checkpoint, folder = obtain(request.reference, request.revision, request.task, check, report)
        stage("import torch")
        self._bring_in_libraries()
        return loading.load(
            checkpoint,
            folder,
            request.task,
            requested_device=request.device,
            requested_dtype=request.dtype,
            tokenizer=pending.early_tokenizer(),
            default_dtype_gate=self.default_dtype_gate,
            stage=stage,
        )

    def _bring_in_libraries(self) -> None:
        self._wait_for_first_text()
        self._libraries.bring_in()

    def _wait_for_first_text(self) -> None:
        """Let a text that came with the start go first: importing torch holds the interpreter for long."""
        self.first_text_read.wait(max(0.0, self._started + _FIRST_TEXT_SECONDS - time.monotonic()))
