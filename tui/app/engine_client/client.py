"""The client: starts, feeds, watches and restarts one engine."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tui.app.engine_client import failures
from tui.app.engine_client.link import EngineLink, LinkError
from tui.app.engine_client.notices import (
    DEFAULT_TIMING,
    EngineLost,
    EngineSilent,
    EngineStarted,
    Notice,
    Timing,
)
from tui.app.engine_client.requests import OpenRequests
from tui.protocol import (
    LAST_EVENTS,
    PROTOCOL_VERSION,
    AnyEvent,
    AnyRequest,
    Cancel,
    Failed,
    Ping,
    Progress,
    Ready,
    Shutdown,
)
from tui.protocol.failures import Failure
from tui.system.engine_process import EngineProcess

_TYPING_SECONDS = 0.5
"""How often the engine is told that keys come."""


class EngineClient:
    """One engine after the other under one command; the listener hears everything, on the event loop.

    `engine` is a process of the command that runs already, or else `spawn` starts one; neither needs an event
    loop, and `connect` attaches the process to the running one. A request is remembered until its last event.
    When the process dies, the checkpoint in use is loaded again and what is unanswered is sent again, the newest
    of each kind, under the same ids: the events of such a request may come twice. What the engine was at when it
    died twice fails instead, and so does whatever asks the same, until `release`.
    """

    def __init__(
        self,
        command: Sequence[str],
        log_path: Path,
        timing: Timing = DEFAULT_TIMING,
        engine: EngineProcess | None = None,
    ) -> None:
        self._command = tuple(command)
        self._log_path = log_path
        self._timing = timing
        self._unheard: list[Notice] = []
        self._listener: Callable[[Notice], None] = self._unheard.append
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requests = OpenRequests()
        self._last_id = 0
        self._link: EngineLink | None = None
        self._newest_link: EngineLink | None = None  # also while it is being buried
        self._start_failure: Failure | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._started_before = False
        self._closing = False
        self._deaths: list[float] = []
        self._quiet_pings = 0
        self._silent = False
        self._typing_told = -math.inf
        self._ignored_pings = 0
        """Pings since a `Cancel` that the engine takes no notice of: it has said nothing since."""
        if engine is not None:
            self._adopt(engine)

    def spawn(self) -> None:
        """Start the process now; needs no event loop. What goes wrong is told after `connect`."""
        self._start_failure = None
        try:
            self._adopt(EngineProcess(self._command, self._log_path))
        except (OSError, ValueError) as error:
            self._start_failure = failures.cannot_start(self._command, error)

    def _adopt(self, engine: EngineProcess) -> None:
        self._link = self._newest_link = EngineLink(self, self._command, engine)
        if self._closing:
            self.kill_now()

    async def connect(self, listener: Callable[[Notice], None]) -> None:
        """Attach the process to the running loop; from now on `listener` is called there."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._tell_soon(self._unheard)
        if self._link is None and self._start_failure is None:
            self.spawn()
        await self._attach()
        self._watcher = self._loop.create_task(self._watch())

    def next_id(self) -> int:
        """A new request id."""
        self._last_id += 1
        return self._last_id

    def send(self, request: AnyRequest) -> None:
        """Send a request, or keep it until there is an engine to take it; never blocks."""
        if isinstance(request, Cancel):
            cancelled = self._requests.cancel(request.target)
            if cancelled is None:
                self._write(request)
            else:
                self._tell_soon([cancelled])
        elif isinstance(request, Ping | Shutdown):
            self._write(request)
        elif (why := self._requests.why_held(request)) is not None:
            self._tell_soon([Failed(request.id, why)])
        else:
            self._tell_soon(self._requests.add(request))
            self.writable()

    def typing(self) -> None:
        """Let the engine know that keys come, so that it leaves the screen a core; at most twice a second."""
        now = time.monotonic()
        if self._link is not None and self._link.ready and now - self._typing_told > _TYPING_SECONDS:
            self._typing_told = now
            self._write(Ping(self.next_id(), typing=True))

    def hold(self, request: AnyRequest) -> None:
        """Take what a request asks for something that ends the engine: it fails until `release`."""
        self._requests.hold(request, failures.left_open(request))

    def release(self) -> None:
        """Let what is held back be asked again."""
        self._requests.release()
        self._deaths.clear()

    def retry(self) -> None:
        """Let what is held back be asked again, and start the engine again if it is down."""
        self.release()
        burying = self._recovery is not None and not self._recovery.done()
        if self._link is None and not burying and not self._closing:
            self._recovery = asyncio.create_task(self._start_again(0.0))
        self.writable()

    def restart(self) -> None:
        """Kill the engine, silent or not, and start it again; unanswered requests are offered again.

        For what it is at this counts as a death, unless something is held back already, which is let go.
        """
        if self._link is None:
            self.retry()
            return
        if self._requests.holds_any:
            self._requests.release()
        self._deaths.clear()
        stopped = Failure("The engine was stopped", "A restart was asked for.", "It is starting again.")
        self.lost(self._link, LinkError(stopped, False))

    async def close(self) -> None:
        """End the engine: asked, then told, then killed; returns when no process is left."""
        self._closing = True
        self._link = None
        for task in (self._watcher, self._recovery):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        link = self._newest_link
        if link is None:
            return
        link.write(Shutdown(self.next_id()))
        link.end_input()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if await link.gone(self._timing.grace):
                break
            link.engine.signal(number)
        await self._bury(link)

    def kill_now(self) -> None:
        """Kill the engine and return at once; for signal handlers and `atexit`."""
        self._closing = True
        if self._newest_link is not None:
            self._newest_link.engine.kill_now()

    # What follows is called by the link.

    def take(self, link: EngineLink, event: AnyEvent) -> None:
        """Hear an event from the engine, and pass it on."""
        if link is not self._link:
            return
        self._quiet_pings = self._ignored_pings = 0
        if self._silent:
            self._silent = False
            self._listener(EngineSilent(0.0, True))
        if isinstance(event, Ready):
            self._greet(link, event)
            return
        if isinstance(event, Failed) and event.failure.fatal:
            link.fatal = event.failure
        if isinstance(event, LAST_EVENTS):
            self._requests.settle(event)
        elif isinstance(event, Progress):
            self._requests.progressed(event)
        self._listener(event)
        self.writable()

    def writable(self) -> None:
        """Send what waits, as far as the engine takes it."""
        for request in self._requests.to_send():
            try:
                if not self._write(request):
                    return
            except ValueError as error:
                failed = Failed(request.id, failures.cannot_send(error))
                self._requests.settle(failed)
                self._tell_soon([failed])
            else:
                self._requests.sent(request)

    def lost(self, link: EngineLink, broken: LinkError | None) -> None:
        """Bury a process whose stream has ended or is broken, and start the next one."""
        if link is self._link and not self._closing:
            self._link = None
            self._recovery = asyncio.create_task(self._recover(link, broken))

    # ------------------------------------------------------------------------------- restarting it

    def _greet(self, link: EngineLink, ready: Ready) -> None:
        if ready.protocol != PROTOCOL_VERSION:
            where = f" (Logitscope {ready.version} on {ready.host})"
            raise LinkError(failures.other_version(ready.protocol, where), True)
        link.ready = True
        restarted, self._started_before = self._started_before, True
        self._listener(EngineStarted(ready, restarted))
        self.writable()

    async def _recover(self, link: EngineLink, broken: LinkError | None) -> None:
        self._quiet_pings, self._ignored_pings, self._silent = 0, 0, False
        if broken is None:
            await link.gone(2 * self._timing.grace)  # to learn how it ended
        status = link.engine.popen.poll()
        await self._bury(link)
        log_lines = await asyncio.to_thread(failures.last_words, link.engine)
        now, window = time.monotonic(), self._timing.death_window
        self._deaths = [at for at in self._deaths if now - at < window] + [now]
        end = failures.EngineEnd(
            status, link.ready, now - link.engine.started, link.fatal, log_lines, len(self._deaths), window
        )
        hopeless = broken.hopeless if broken else not (link.ready or self._started_before or end.killed)
        restarts = not hopeless and len(self._deaths) < self._timing.deaths
        death = self._requests.died()
        if broken is not None:
            failure = broken.failure
        elif link.received and not link.ready and status == 0:
            failure = failures.no_engine(self._command, link.received, "ended without a greeting")
        else:
            failure = failures.ended(end, death, restarts)
        for event in death.settled:
            self._listener(event)
        for request in death.held:
            why = failures.held_back(request)
            self._requests.hold(request, why)
            self._listener(Failed(request.id, why))
        self._listener(EngineLost(failure, restarts))
        if restarts:
            await self._start_again(self._timing.backoff * (len(self._deaths) - 1))

    async def _start_again(self, delay_seconds: float) -> None:
        await asyncio.sleep(delay_seconds)
        await asyncio.to_thread(self.spawn)
        await self._attach()

    async def _attach(self) -> None:
        if self._start_failure is not None:
            self._listener(EngineLost(self._start_failure, False))
        elif self._link is not None:
            await self._link.attach()

    async def _bury(self, link: EngineLink) -> None:
        link.engine.signal(signal.SIGKILL)
        await link.gone(self._timing.grace)
        link.drop_pipes()

    async def _watch(self) -> None:
        # Waits are counted in looks and not by the clock: this process may itself have been stopped meanwhile.
        while True:
            await asyncio.sleep(self._timing.ping)
            link = self._link
            if link is None or not link.attached:
                continue
            link.looks += 1
            if link.engine.popen.poll() is not None:
                if link.seen_gone:  # a process it started may keep its pipe open
                    self.lost(link, None)
                link.seen_gone = True  # its last words may lie in the pipe
            elif link.ready:
                self._ping()
            elif link.looks * self._timing.ping > self._timing.handshake:
                what = f"sent no greeting in {self._timing.handshake:.0f} s"
                self.lost(link, LinkError(failures.no_engine(self._command, link.received, what), True))

    def _ping(self) -> None:
        self._quiet_pings += 1
        quiet_seconds = self._quiet_pings * self._timing.ping
        if quiet_seconds >= self._timing.silent:
            self._silent = True
            self._listener(EngineSilent(quiet_seconds, False))
        self._ignored_pings = self._ignored_pings + 1 if self._requests.any_cancelled else 0
        ignored_seconds = self._ignored_pings * self._timing.ping
        if ignored_seconds >= self._timing.cancel and self._link is not None:
            # a person asked for it, so that it counts for none of the deaths after which the engine stays down
            self._deaths.clear()
            self.lost(self._link, LinkError(failures.ignored_cancel(ignored_seconds), False))
            return
        self._write(Ping(self.next_id()))

    def _write(self, request: AnyRequest) -> bool:
        return self._link is not None and self._link.write(request)

    def _tell_soon(self, notices: Iterable[Notice]) -> None:
        """Not from within `send`, whose caller isn't ready to hear of it."""
        for notice in notices:
            if self._loop is None:
                self._unheard.append(notice)
            else:
                self._loop.call_soon(self._listener, notice)
