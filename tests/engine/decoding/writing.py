"""Writing in this process: a request through the loop of `generate`, and what it told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.checkpoints import MAX_TOKENS, bare_byte_level
from tui.engine import tasks
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.decoding.described import Vocabulary
from tui.engine.decoding.draws import Draws
from tui.engine.decoding.kept_caches import KeptCaches
from tui.engine.decoding.processors import arguments
from tui.engine.decoding.prompts import Beginning, beginning
from tui.engine.decoding.rows import KeptRows
from tui.engine.decoding.stepping import Loop
from tui.protocol import Continue
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.decoding import Decoding
from tui.protocol.writing.steps import Chosen

PLENTY = 1 << 30
SIZES: dict[str, dict[str, Any]] = {
    "mistral": {"num_key_value_heads": 2, "sliding_window": 8},
    "gemma2": {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 8, "num_hidden_layers": 3},
    "mamba": {"state_size": 4, "num_hidden_layers": 2},
}
"""Kinds whose caches are none of full attention alone: a window, windows in turn, a state."""


def make_decoder(folder: Path, model_type: str, seed: int = 0, **settings: Any) -> Path:
    """A tiny decoder with random weights, saved as a checkpoint."""
    tokenizer = bare_byte_level()
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "max_position_embeddings": MAX_TOKENS,
        "initializer_range": 0.3,
        "bos_token_id": None,
        "eos_token_id": 0,
        "pad_token_id": None,
    }
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(
        model_type, vocab_size=len(tokenizer), **(sizes | SIZES.get(model_type, {}) | settings)
    )
    made: Any = transformers.AutoModelForCausalLM
    made.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@dataclass
class Heard:
    """What a loop told."""

    chosen: list[Chosen] = field(default_factory=list)
    on_pause: Callable[[Loop], None] = lambda _: None
    pauses: int = 0

    def stepped(self, chosen: Chosen) -> None:
        self.chosen.append(chosen)

    def check(self) -> None:
        """Nothing to give way to."""

    def pause(self, loop: Loop) -> None:
        self.pauses += 1
        self.on_pause(loop)

    @property
    def ids(self) -> list[int]:
        return [each.id for each in self.chosen]


@dataclass
class Written:
    """A run that came to its end."""

    heard: Heard
    loop: Loop
    start: Beginning
    rows: KeptRows

    @property
    def ids(self) -> list[int]:
        """All that was written, what stood before it included."""
        return self.loop.written

    def row(self, position: int | None = None) -> torch.Tensor:
        """The row at a position, the last one by default."""
        found = self.rows.get(self.loop.last if position is None else position)
        assert found is not None
        return found


class Writer:
    """A checkpoint with what is kept of it between requests, as the engine has it."""

    def __init__(self, loaded: LoadedCheckpoint, allowed: int = PLENTY) -> None:
        self.loaded = loaded
        self.caches = KeptCaches(allowed)
        self.draws, self.vocabulary = Draws(), Vocabulary(loaded.tokenizer)

    @property
    def model(self) -> Any:
        return self.loaded.model

    def write(
        self,
        text: str,
        most: int,
        written: Sequence[int] = (),
        *,
        decoding: Decoding = Decoding(),  # noqa: B008 - a frozen value
        readout: ReadoutSettings = ReadoutSettings(),  # noqa: B008 - a frozen value
        heard: Heard | None = None,
        **rest: Any,
    ) -> Written:
        """One request. rest: its other fields."""
        heard = heard or Heard()
        request = Continue(
            id=1,
            task=self.loaded.task,
            inputs={"text": text},
            most=most,
            written=tuple(written),
            decoding=decoding,
            readout=readout,
            **rest,
        )
        prepared = tasks.prepare(request.task, self.loaded.tokenizer, request.inputs, request.options)
        asked = arguments(decoding, readout, self.model.generation_config)
        start, rows = beginning(self.loaded, prepared, request, asked), KeptRows()
        loop = Loop(start, request, self.caches, rows, self.draws, self.vocabulary, heard)
        encoded = self.caches.encoder_outputs(start.source) if start.source else None
        known = {} if encoded is None else {"encoder_outputs": encoded}
        with torch.inference_mode():
            self.model.generate(**start.inputs, **known, **start.arguments, custom_generate=loop)
        self.caches.finish()
        return Written(heard, loop, start, rows)

    def reference(self, text: str, most: int, seed: int | None = None, **arguments: Any) -> list[int]:
        """The ids after the prompt that transformers' own `generate` writes."""
        prepared = tasks.prepare(self.loaded.task, self.loaded.tokenizer, {"text": text}, {})
        inputs = {
            name: torch.tensor([values], device=self.model.device)
            for name, values in prepared.readings[0].inputs.items()
            if name in self.loaded.accepts
        }
        if seed is not None:
            torch.manual_seed(seed)
        before = 1 if self.model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
        plain = {"do_sample": seed is not None, "num_beams": 1, "max_new_tokens": most}
        ids: list[int] = self.model.generate(**inputs, **(plain | arguments))[0, before:].tolist()
        return ids
