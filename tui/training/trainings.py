"""The built-in checkpoints that can be trained: one line for each."""

from dataclasses import dataclass

from tui.training.sources import MINILM_WHEEL, VADER_ARCHIVE, Source


@dataclass(frozen=True)
class Training:
    """A training by its name on the command line.

    `module` has a function `train(data, out, *, resume, report)`; it is imported only when it runs, as torch
    takes seconds. `checkpoint` is the folder in `tui/models` it rebuilds, `sources` the files it reads.
    """

    name: str
    checkpoint: str
    summary: str
    module: str
    sources: tuple[Source, ...]


TRAININGS: tuple[Training, ...] = (
    Training(
        name="sentiment",
        checkpoint="nano-sentiment",
        summary="DistilBERT with WordPiece: is a sentence positive or negative?",
        module="tui.training.sentiment.train",
        sources=(VADER_ARCHIVE, MINILM_WHEEL),
    ),
)
