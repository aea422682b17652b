"""Questions about tokenizers: who asked, and which answers still matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from tui.app.engine_client import EngineStarted
from tui.protocol import Cancel, Cancelled, Examine, Examined, Failed, Progress, Superseded
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Bring, Trained

if TYPE_CHECKING:
    from tui.app.engine_client import EngineClient, Notice
    from tui.protocol.microscope.questions import AnyFinding, AnyQuestion

Answer: TypeAlias = "AnyFinding | Failure | Progress | None"
"""What comes of a question: how far it is, then what was found, or why nothing was; None: it was given up."""
Listener: TypeAlias = Callable[[Answer], None]
MOST_BYTES = 64 * 1024 * 1024
"""Of packed tokenizers that are kept for the engines to come."""


class Enquiries:
    """Asks the engine; of the questions of one kind only the latest is heard of."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._open: dict[int, tuple[type, Listener]] = {}
        self._trained: dict[str, bytes] = {}
        """What was trained, packed, by its reference: each engine is given what those before it trained."""
        self.on_checkpoint: Callable[[], None] | None = None
        """Told when another checkpoint is in use, and with it another tokenizer."""

    def ask(self, question: AnyQuestion, heard: Listener) -> None:
        """Ask; `heard` is told what comes of it, unless a question of the same kind is asked before."""
        self._drop(type(question))
        request = Examine(self._client.next_id(), question)
        self._open[request.id] = (type(question), heard)
        self._client.send(request)

    def cancel(self, kind: type) -> None:
        """Give the question of a kind up; its listener is told so."""
        for request_id, (asked, _) in self._open.items():
            if asked is kind:
                self._client.send(Cancel(self._client.next_id(), request_id))

    def is_open(self, kind: type) -> bool:
        """Whether a question of a kind waits for its answer."""
        return any(asked is kind for asked, _ in self._open.values())

    def close(self) -> None:
        """Nobody listens any more; what was asked is not wanted."""
        for request_id in self._open:
            self._client.send(Cancel(self._client.next_id(), request_id))
        self._open.clear()
        self.on_checkpoint = None

    def checkpoint_changed(self) -> None:
        """Another checkpoint is in use."""
        if self.on_checkpoint is not None:
            self.on_checkpoint()

    def hear(self, notice: Notice) -> bool:
        """Whether this was about one of the questions; then its listener was told."""
        if isinstance(notice, EngineStarted) and self._trained:
            self._client.send(Examine(self._client.next_id(), Bring(dict(self._trained))))
        if isinstance(notice, Examined) and isinstance(notice.finding, Trained):
            self._keep(notice.finding)
        known = self._open.get(getattr(notice, "id", 0))
        if known is None:
            return isinstance(notice, Examined)  # an answer nobody waits for any more
        _, heard = known
        match notice:
            case Progress():
                heard(notice)
                return True
            case Examined(finding=finding):
                answer: Answer = finding
            case Failed(failure=failure):
                answer = failure
            case Cancelled() | Superseded():
                answer = None
            case _:
                return False
        del self._open[notice.id]
        heard(answer)
        return True

    def _keep(self, trained: Trained) -> None:
        if trained.packed:
            self._trained[trained.subject.reference] = trained.packed
        while sum(map(len, self._trained.values())) > MOST_BYTES:
            del self._trained[next(iter(self._trained))]  # the one trained longest ago

    def _drop(self, kind: type) -> None:
        for request_id in [known for known, (asked, _) in self._open.items() if asked is kind]:
            del self._open[request_id]
