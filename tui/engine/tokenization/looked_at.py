"""A tokenizer under the microscope, with what shows its inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from tui.engine.tokenization import chance
from tui.engine.tokenization.bare_file import BareFile
from tui.engine.tokenization.entries import inside
from tui.engine.tokenization.opening import OpenTokenizer
from tui.engine.tokenization.python_stages import PythonStages
from tui.engine.tokenization.stages import RustStages, stages_of
from tui.protocol.microscope.alone import Alone
from tui.protocol.microscope.questions import Subject


class LookedAt:
    """A tokenizer; what shows its inside is made when it is first asked for."""

    def __init__(self, opened: OpenTokenizer) -> None:
        self.opened = opened
        self.tokenizer = opened.tokenizer

    @cached_property
    def facts(self) -> Subject:
        """What is told of it with every answer."""
        known = inside(self.tokenizer)
        beside = () if self._file is None else self._file.notes
        notes = (chance.told(self.tokenizer), *self.opened.notes, *beside)
        return Subject(self.opened.reference, known.kind, known.size, tuple(filter(None, notes)))

    @cached_property
    def stages(self) -> RustStages | PythonStages:
        """What shows a text's way through it."""
        return stages_of(self.tokenizer)

    def alone(self, text: str) -> Alone | None:
        """What its tokenizer.json makes of a text by itself, where that is something else."""
        return None if self._file is None else self._file.on(text)

    @cached_property
    def _file(self) -> BareFile | None:
        return None if self.opened.file is None else BareFile(self.opened.file, self.tokenizer)


def told_beside(subjects: Sequence[LookedAt], text: str) -> Iterator[str]:
    """What is to be said of tokenizers that are compared on a text, each sentence with the name of its own."""
    for subject in subjects:
        alone = subject.alone(text)
        said = [*subject.facts.notes]
        if alone is not None:
            said.append(f"{alone.sentence} {alone.total:,} tokens: {' '.join(alone.tokens)}")
        yield from (f"{subject.opened.name}: {each}" for each in said)
