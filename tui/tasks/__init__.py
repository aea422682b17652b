"""The tasks: one table of all that is known of each before its code is used. Plain data, nothing heavy.

The screen draws its input panes and its options from it, the command line its flags, the engine checks requests and
checkpoints against it. Names are those of transformers' pipelines.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tui.tasks.decoding import MAX_NEW_TOKENS, WRITING
from tui.tasks.forms import Field, Form, Option
from tui.tasks.task import Needs, Task

_TEXT = Field("text", "Input", "The text the model reads.")
_FUNCTION = ("auto", "softmax", "sigmoid", "none")
_ENCODER_AND_DECODER = Needs(
    "AutoModelForSeq2SeqLM",
    ("ForConditionalGeneration", "MTModel", "ForSeq2SeqLM"),
    "decoder that writes from what an encoder read",
    architectures=("EncoderDecoderModel", "SeamlessM4TForTextToText", "SeamlessM4Tv2ForTextToText"),
)

_TABLE = (
    Task(
        "sentiment-analysis",
        "the whole text gets a label.",
        Form(
            fields=(
                _TEXT,
                Field(
                    "text_pair", "Second text", "A second text, for heads that compare two.", optional=True
                ),
            ),
            options=(
                Option("top_k", "Labels in the answer, best first", 1, int, least=1),
                Option("function_to_apply", "What makes scores of logits", "auto", choices=_FUNCTION),
            ),
        ),
        needs=Needs(
            "AutoModelForSequenceClassification",
            ("ForSequenceClassification",),
            "classification head",
            has_labels=True,
        ),
        module="text_classification",
        also="text-classification",
    ),
    Task(
        "zero-shot-classification",
        "labels you name yourself, by asking whether each follows from the text.",
        Form(
            fields=(
                _TEXT,
                Field(
                    "candidate_labels",
                    "Labels",
                    "The labels to choose from, separated by commas, or one on each line.",
                    "politics, sports, science",
                ),
            ),
            options=(
                Option(
                    "hypothesis_template",
                    "The sentence a label is put into, where {} stands",
                    "This example is {}.",
                ),
                Option("multi_label", "Whether several labels can be right", False, bool),
            ),
        ),
        needs=Needs(
            "AutoModelForSequenceClassification",
            ("ForSequenceClassification",),
            "entailment head",
            has_labels=True,
        ),
        module="zero_shot_classification",
    ),
    Task(
        "text-generation",
        "which token comes next, at every position.",
        Form(
            fields=(_TEXT,),
            options=(
                Option(
                    "chat", "Read the text as turns and apply the checkpoint's chat template", False, bool
                ),
                MAX_NEW_TOKENS._replace(
                    about="Most tokens it goes on with, by greedy decoding", default=20, least=0
                ),
                Option(
                    "prefix", 'Read before the text, as the checkpoint\'s config may say; "" for none', None
                ),
            ),
            reads_positions=True,
        ),
        needs=Needs(
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
        ),
        module="text_generation",
        over_vocabulary=True,
        writes="generated",
    ),
    Task(
        "fill-mask",
        "which tokens could stand in a masked place.",
        Form(
            fields=(_TEXT,),
            options=(
                Option("top_k", "Guesses for each mask", 5, int, least=1, most=1000),
                Option(
                    "targets",
                    'Only these words are looked at, separated by commas; in quotes as they stand: " France"',
                    "",
                ),
            ),
            reads_positions=True,
        ),
        needs=Needs(
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
        ),
        module="fill_mask",
        over_vocabulary=True,
    ),
    Task(
        "ner",
        "which tokens are names, and of what.",
        Form(
            fields=(_TEXT,),
            options=(
                Option(
                    "aggregation_strategy",
                    "How tokens become entities",
                    "simple",
                    choices=("none", "simple", "first", "average", "max"),
                ),
                Option(
                    "stride",
                    "Tokens that windows of a long text share; unset, one window is read and the rest cut",
                    None,
                    int,
                    least=0,
                ),
            ),
            reads_positions=True,
        ),
        needs=Needs(
            "AutoModelForTokenClassification",
            ("ForTokenClassification",),
            "head that labels tokens",
            has_labels=True,
        ),
        module="token_classification",
        also="token-classification",
    ),
    Task(
        "question-answering",
        "which stretch of a context answers a question.",
        Form(
            fields=(
                Field("question", "Question", "What is asked."),
                Field("context", "Context", "The text that holds the answer."),
            ),
            options=(
                Option("top_k", "Answers to show, best first", 1, int, least=1, most=100),
                Option("max_answer_len", "Most tokens of an answer", 15, int, least=1),
                Option(
                    "max_seq_len",
                    "Tokens of question and context in one window; of itself the model's limit, 384 at most",
                    None,
                    int,
                    least=8,
                ),
                Option(
                    "doc_stride",
                    "Tokens that two windows of a long context share; of itself half a window, 128 at most",
                    None,
                    int,
                    least=0,
                ),
                Option("handle_impossible_answer", "Whether “no answer” can win", False, bool),
            ),
        ),
        needs=Needs(
            "AutoModelForQuestionAnswering",
            ("ForQuestionAnswering", "ForQuestionAnsweringSimple"),
            "head for the start and end of an answer",
        ),
        module="question_answering",
    ),
    Task(
        "summarization",
        "a decoder writes a shorter text from what an encoder read.",
        Form(
            fields=(_TEXT,),
            options=(
                Option("prefix", 'Put before the text, as T5 asks for it; "" for none', None),
                *WRITING,
            ),
            reads_positions=True,
        ),
        needs=_ENCODER_AND_DECODER,
        module="sequence_to_sequence",
        over_vocabulary=True,
        writes="summary",
    ),
    Task(
        "translation",
        "a decoder writes in another language from what an encoder read.",
        Form(
            fields=(_TEXT,),
            options=(
                Option("prefix", 'Put before the text, as T5 asks for it; "" for none', None),
                Option("src_lang", "Language code of the text, where the checkpoint has codes", None),
                Option("tgt_lang", "Language code to translate into, where the checkpoint has codes", None),
                *WRITING,
            ),
            reads_positions=True,
        ),
        needs=_ENCODER_AND_DECODER,
        module="sequence_to_sequence",
        over_vocabulary=True,
        writes="translation",
    ),
    Task(
        "feature-extraction",
        "the hidden states themselves, as vectors.",
        Form(
            fields=(
                _TEXT,
                Field("text_pair", "Second text", "A text to compare the first one with.", optional=True),
            ),
            options=(
                Option("pooling", "How one vector is made of all", "mean", choices=("mean", "first", "last")),
            ),
            reads_positions=True,
        ),
        needs=Needs("AutoModel", ("",), "hidden states", may_lack=("pooler.",)),
        module="feature_extraction",
    ),
)
TASKS: Mapping[str, Task] = MappingProxyType({task.name: task for task in _TABLE})
"""Every task by its name, in the order in which the playground lists them."""
TASK_ALIASES: Mapping[str, str] = MappingProxyType({task.also: task.name for task in _TABLE if task.also})
"""Other names that transformers has for the same pipelines."""
WRITERS = tuple(task.name for task in _TABLE if task.writes)
"""The tasks whose models write, and so can be watched token by token."""
