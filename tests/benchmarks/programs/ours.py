"""What `theirs.py` does, by the engine as headless commands use it: `ours.py TASK FOLDER [DEVICE]`."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.headless.client import BlockingEngine
from tui.headless.json_lines import as_json
from tui.headless.run import loaded_by, reading_of
from tui.headless.step_flags import Steps
from tui.headless.stepping import TextToWrite, WrittenSoFar, write
from tui.protocol import Analyze, BeamsStepped, Load, Loaded
from tui.protocol.writing.decoding import Decoding
from tui.protocol.writing.steps import Chosen

ALTERNATIVES = 50


class Hearing:
    """Hears every token that is told."""

    ids: list[int]
    written: WrittenSoFar

    def begin(self, asked: TextToWrite) -> None:
        self.ids = []

    def step(self, asked: TextToWrite, chosen: Chosen) -> None:
        self.ids.append(chosen.id)

    def beams(self, asked: TextToWrite, stepped: BeamsStepped) -> None:
        raise NotImplementedError

    def end(self, written: WrittenSoFar) -> None:
        self.written = written


def writer(engine: BlockingEngine, loaded: Loaded) -> Callable[[dict[str, Any]], Any]:
    """Each token with its alternatives, entropy, rank and bytes."""
    hearing = Hearing()

    def go_on(order: dict[str, Any]) -> list[int]:
        steps = Steps(Decoding(), order["most"], ALTERNATIVES, {})
        write(engine, TextToWrite(1, loaded, {"text": order["write"]}, steps, {}), hearing)
        return hearing.ids

    return go_on


def answerer(engine: BlockingEngine, loaded: Loaded) -> Callable[[dict[str, Any]], Any]:
    """Everything that `run --json` prints of a text."""

    def answer(order: dict[str, Any]) -> str:
        analyze = Analyze(engine.next_id(), loaded.task, order["answer"], order.get("options", {}))
        as_json(reading_of(analyze, loaded, engine.ask(analyze)))
        return ""

    return answer


def main() -> None:
    """Do what is asked, until nothing is asked any more."""
    task, folder, *device = sys.argv[1:]
    log = Path(os.environ["LOGITSCOPE_STATE"]) / "engine.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with BlockingEngine((sys.executable, "-m", "tui.engine"), log) as engine:
        load = Load(engine.next_id(), folder, task, device[0] if device else "cpu")
        loaded = loaded_by(engine.ask(load))
        work = (writer if task == "text-generation" else answerer)(engine, loaded)
        for line in sys.stdin:
            began = time.perf_counter()
            result = work(json.loads(line))
            seconds = time.perf_counter() - began
            sys.stdout.write(json.dumps({"seconds": seconds, "result": result}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
