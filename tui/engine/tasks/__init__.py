"""The tasks: one room each. This table is all that is known of them before one is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

from tui.engine.errors import EngineError
from tui.forms import FORMS, Value

if TYPE_CHECKING:
    from tui.engine.loading import LoadedCheckpoint
    from tui.engine.tasks.outcome import Outcome, Prepared
    from tui.engine.tokenization.reading import TextTokenizer
    from tui.protocol import Readout
    from tui.values import ReadoutSettings, RowAddress, Step
    from tui.views import AnyView


@dataclass(frozen=True)
class Room:
    """What a task asks of a checkpoint, and where its code is."""

    module: str
    auto_class: str
    """The class of transformers that loads it."""
    architecture_suffixes: tuple[str, ...]
    """How the class names of models that can do it end."""
    head: str
    """What such a model has, in words."""
    architectures: tuple[str, ...] = ()
    """Class names of such models that end otherwise, all those that transformers has."""
    has_labels: bool = False
    """Whether the head's rows are the config's labels."""
    may_lack: tuple[str, ...] = ()
    """Beginnings of the names of weights that the task doesn't use."""
    over_vocabulary: bool = False
    """Whether the head's rows are the entries of the tokenizer's vocabulary."""
    writes: bool = False
    """Whether the model writes tokens of its own, which takes a while: the task's code is a `Writer`."""


_SEQ2SEQ = Room(
    "sequence_to_sequence",
    "AutoModelForSeq2SeqLM",
    ("ForConditionalGeneration", "MTModel", "ForSeq2SeqLM"),
    "decoder that writes from what an encoder read",
    architectures=("EncoderDecoderModel", "SeamlessM4TForTextToText", "SeamlessM4Tv2ForTextToText"),
    over_vocabulary=True,
    writes=True,
)
ROOMS = MappingProxyType(
    {
        "sentiment-analysis": Room(
            "text_classification",
            "AutoModelForSequenceClassification",
            ("ForSequenceClassification",),
            "classification head",
            has_labels=True,
        ),
        "zero-shot-classification": Room(
            "zero_shot_classification",
            "AutoModelForSequenceClassification",
            ("ForSequenceClassification",),
            "entailment head",
            has_labels=True,
        ),
        "text-generation": Room(
            "text_generation",
            "AutoModelForCausalLM",
            ("LMHeadModel", "ForCausalLM"),
            "head for the next token",
            architectures=(
                "BertGenerationDecoder",
                "Gemma3ForConditionalGeneration",
                "Gemma3nForConditionalGeneration",
                "Gemma4ForConditionalGeneration",
                "Gemma4UnifiedForConditionalGeneration",
                "GotOcr2ForConditionalGeneration",
                "MossTranscribeDiarizeForConditionalGeneration",
                "ReformerModelWithLMHead",
            ),
            over_vocabulary=True,
            writes=True,
        ),
        "fill-mask": Room(
            "fill_mask",
            "AutoModelForMaskedLM",
            ("ForMaskedLM",),
            "head for masked tokens",
            architectures=(
                "BartForConditionalGeneration",
                "FlaubertWithLMHeadModel",
                "MBartForConditionalGeneration",
                "MvpForConditionalGeneration",
                "XLMWithLMHeadModel",
            ),
            over_vocabulary=True,
        ),
        "ner": Room(
            "token_classification",
            "AutoModelForTokenClassification",
            ("ForTokenClassification",),
            "head that labels tokens",
            has_labels=True,
        ),
        "question-answering": Room(
            "question_answering",
            "AutoModelForQuestionAnswering",
            ("ForQuestionAnswering", "ForQuestionAnsweringSimple"),
            "head for the start and end of an answer",
        ),
        "summarization": _SEQ2SEQ,
        "translation": _SEQ2SEQ,
        "feature-extraction": Room(
            "feature_extraction", "AutoModel", ("",), "hidden states", may_lack=("pooler.",)
        ),
    }
)


class Runner(Protocol):
    """What the module of a task offers. Importing it imports no torch: `prepare` answers while torch comes in."""

    def prepare(
        self, tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
    ) -> Prepared:
        """Token lane: the inputs as rows of token ids. All fields and options are there, checked by the form."""

    def forward(self, loaded: LoadedCheckpoint, prepared: Prepared, check: Callable[[], None]) -> Outcome:
        """Model lane: run the model. `check` raises to give up, for work that can stop between two parts."""

    def read_out(
        self, request_id: int, outcome: Any, settings: ReadoutSettings, address: RowAddress
    ) -> tuple[Readout, Step]:
        """Read one row of an outcome's logits under some settings; the step is that of the walk."""

    def answer(self, outcome: Any) -> tuple[Any, AnyView]:
        """What transformers' pipeline of the task returns, and what there is to see of it."""


class Writer(Runner, Protocol):
    """What the module of a task whose model writes offers."""

    def forward(
        self,
        loaded: LoadedCheckpoint,
        prepared: Prepared,
        check: Callable[[], None],
        early: Callable[[Outcome], object] | None = None,
    ) -> Outcome:
        """As a `Runner`'s. `early` is told, at most once, of the outcome as it is before the model has written."""


def room(task: str) -> Room:
    """What a task asks of a checkpoint. Raises EngineError for a task that is not built."""
    if task not in ROOMS:
        raise EngineError(
            "This task is not built yet",
            f"“{task}” is not among the engine's tasks: {', '.join(ROOMS)}.",
            "Choose one of them.",
        )
    return ROOMS[task]


def runner(task: str) -> Runner:
    """The code of a task."""
    return cast("Runner", importlib.import_module(f"{__name__}.{room(task).module}"))


def prepare(
    task: str, tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value]
) -> Prepared:
    """The inputs of a task as rows of token ids. Raises EngineError, also for what the form doesn't allow."""
    form, code = FORMS[task], runner(task)
    try:
        texts, values = form.inputs(inputs), form.values(options)
    except ValueError as error:
        raise EngineError("This can't be asked", f"{error}.", "See F2 for what the task takes.") from error
    return code.prepare(tokenizer, texts, values, task)


def forward(
    loaded: LoadedCheckpoint,
    prepared: Prepared,
    check: Callable[[], None],
    early: Callable[[Outcome], object],
) -> Outcome:
    """Run the model. `early` is told of an outcome that the model's writing has yet to complete, if any."""
    code = runner(prepared.task)
    if room(prepared.task).writes:
        return cast("Writer", code).forward(loaded, prepared, check, early)
    return code.forward(loaded, prepared, check)
