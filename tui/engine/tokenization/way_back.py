"""The stages from ids back to text, and whether the text comes back the same."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.engine.tokenization import sentences
from tui.engine.tokenization.components import Component
from tui.engine.tokenization.decoder_chain import decoded, strings_after
from tui.engine.tokenization.reading import RustTokenizer
from tui.protocol.microscope.stages import Stage

DIFFERS = "The decoders by themselves end in another text; the text that came back is the tokenizer's."


def decoder_stages(
    reader: RustTokenizer, decoders: Sequence[Component], ids: Sequence[Sequence[int]]
) -> tuple[list[Stage], list[str]]:
    """What each decoder makes of the ids of one text or two, and the texts that come out at the end."""
    entries = [tuple(map(reader.entry, of_text)) for of_text in ids]
    stages: list[Stage] = []
    before = entries
    for number, component in enumerate(decoders, start=1):
        after = [strings_after(decoders[:number], of_text) for of_text in entries]
        says = sentences.decoder_sentence(component, before, after)
        stages.append(Stage("decoder", component.name, component.brief, says, strings=tuple(after)))
        before = after
    raw = [reader.decode(of_text, clean_up=False) for of_text in ids]
    if stages and raw != [decoded(decoders, of_text) for of_text in entries]:
        stages[-1] = msgspec.structs.replace(stages[-1], differs=DIFFERS)
    texts = [reader.decode(of_text) for of_text in ids]
    if reader.cleans_up:
        stages.append(clean_up_stage(raw, texts))
    return stages, texts


def clean_up_stage(raw: Sequence[str], texts: Sequence[str]) -> Stage:
    """What transformers does after the decoders where the tokenizer's config asks for it."""
    did = "it changed nothing here" if list(raw) == list(texts) else "it changed the text"
    return Stage(
        "decoder",
        "clean_up_tokenization_spaces",
        "",
        f"transformers takes the spaces before punctuation and contractions away; {did}.",
        strings=tuple((text,) for text in texts),
    )
