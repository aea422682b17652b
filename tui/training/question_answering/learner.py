"""What the checkpoint is taught with: the span that answers, and on the way there three easier questions.

The span alone is one hint for a hundred tokens, and a small model is slow to find out from it what matters.
So
while it learns, a layer must tell of each word of the text whether it stands in the question too, the next whether
it is a person, a place, a date and so on, and the one after that whether it is in the sentence that answers
("Deeply-Supervised Nets", Lee et al., AISTATS 2015). The heads for these are thrown away in the end.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from datasets import Dataset  # type: ignore[import-untyped]
from tokenizers import Encoding
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import DistilBertForQuestionAnswering, PreTrainedTokenizerFast

from tui.training.loop import Batch
from tui.training.question_answering.examples import Example

_ASKED_LAYER, _SORT_LAYER, _NEAR_LAYER = 1, 2, 3
_ASIDE = 0.5
_SORTS = (
    ("PERSON",), ("GPE", "LOC", "FAC"), ("ORG",), ("NORP", "LANGUAGE"), ("DATE", "TIME"), ("CARDINAL",),
    ("MONEY", "PERCENT", "QUANTITY"), ("WORK_OF_ART", "EVENT", "LAW", "PRODUCT"),
)  # fmt: skip
_SORT_OF = {label: number for number, labels in enumerate(_SORTS, start=1) for label in labels}
_QUESTION_TOKENS = 15
_SET_APART = 0.4
_TURN = 1.05
_SHARPNESS = 1.3


class Learner(nn.Module):
    """The checkpoint with the three heads that are for training alone."""

    def __init__(self, reader: DistilBertForQuestionAnswering, separator_id: int) -> None:
        super().__init__()
        self.reader = reader
        self.separator_id = separator_id
        self.asked = nn.Linear(reader.config.dim, 1)
        self.sort = nn.Linear(reader.config.dim, 1 + len(_SORTS))
        self.near = nn.Linear(reader.config.dim, 1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the logits of span, asked, sort and near.

        Shapes: float32 [batch, tokens, 2], [batch, tokens], [batch, tokens, 9] and [batch, tokens].
        """
        states = self.reader.distilbert(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        ).hidden_states
        spans = self.reader.qa_outputs(self.reader.dropout(states[-1]))
        asked, near = self.asked(states[_ASKED_LAYER]), self.near(states[_NEAR_LAYER])
        return spans, asked.squeeze(-1), self.sort(states[_SORT_LAYER]), near.squeeze(-1)


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    """Return the cross-entropy of first and last token of the answer plus half of those of the three asides."""
    learner = cast("Learner", model)
    ids, mask = batch["input_ids"], batch["attention_mask"].bool()
    spans, asked, sort, near = learner(ids, batch["attention_mask"])
    spans = spans.masked_fill(~mask.unsqueeze(-1), -10_000.0)
    span_loss = (
        cross_entropy(spans[..., 0], batch["start_positions"])
        + cross_entropy(spans[..., 1], batch["end_positions"])
    ) / 2
    positions = torch.arange(ids.shape[1]).unsqueeze(0)
    in_question = positions < (ids == learner.separator_id).int().argmax(dim=1, keepdim=True)
    in_context = ~in_question & mask
    stands_in_question = ((ids.unsqueeze(2) == ids.unsqueeze(1)) & in_question.unsqueeze(1)).any(dim=2)
    stands_near = (positions >= batch["near_start"].unsqueeze(1)) & (
        positions <= batch["near_end"].unsqueeze(1)
    )
    # Of a batch of made questions alone no sort is known: a mean over nothing would be no number.
    sort_loss = cross_entropy(sort.flatten(0, 1), batch["labels"].flatten(), reduction="sum")
    return span_loss + _ASIDE * (
        binary_cross_entropy_with_logits(asked[in_context], stands_in_question[in_context].float())
        + sort_loss / (batch["labels"] >= 0).sum().clamp(min=1)
        + binary_cross_entropy_with_logits(near[in_context], stands_near[in_context].float())
    )


@torch.no_grad()
def start_matching(reader: DistilBertForQuestionAnswering, for_words: int) -> None:
    """Make the first layer look up the words of the text in the question, before any training.

    Only the first `for_words` dimensions take part. Queries and keys of half of its heads are the same random
    projection, so that a word looks for itself. The first positions, where the question is, are set apart from the
    later ones along one direction; the keys turn it round, so that words of the text look at the question and not
    at themselves, and the value passes it on: what arrives tells whether the word was found there. A small model
    finds this out by training alone only after long (compare "Mimetic Initialization of Self-Attention Layers",
    Trockman and Kolter, ICML 2023).
    """
    width, heads = reader.config.dim, reader.config.n_heads
    of_head = width // heads
    weights = dict(reader.distilbert.get_submodule("transformer.layer.0.attention").named_parameters())
    early, found = torch.zeros(2, width)
    early[:for_words], found[:for_words] = nn.init.orthogonal_(torch.empty(2, for_words))
    embeddings = reader.distilbert.embeddings
    positions = torch.arange(reader.config.max_position_embeddings)
    word_norm = embeddings.word_embeddings.weight.norm(dim=1).mean()
    side = torch.tanh((_QUESTION_TOKENS - positions) / 4)
    embeddings.position_embeddings.weight += _SET_APART * word_norm * side.unsqueeze(1) * early
    turned_round = torch.eye(width) - _TURN * torch.outer(early, early)
    for head in range(heads // 2):
        rows = slice(head * of_head, (head + 1) * of_head)
        projection = torch.zeros(of_head, width)
        projection[:, :for_words] = _SHARPNESS * nn.init.orthogonal_(torch.empty(of_head, for_words))
        # The direction itself must pass: a random projection would keep but a part of it.
        projection[0] = _SHARPNESS * early
        weights["q_lin.weight"][rows] = projection
        weights["k_lin.weight"][rows] = projection @ turned_round
        weights["v_lin.weight"][rows.start] = early
        weights["out_lin.weight"][:, rows.start] = found


def encoded_examples(
    tokenizer: PreTrainedTokenizerFast, examples: Sequence[Example], longest: int
) -> Dataset:
    """Return ids, token positions of answer and sentence, and as `labels` the sort of each token of the text.

    The sort is 0 for a word that is no entity, and -100 (no loss) outside of the text and where no entities are
    known. Examples whose answer is cut off are left out.
    """
    columns = ("input_ids", "start_positions", "end_positions", "near_start", "near_end", "labels")
    rows: dict[str, list[Any]] = {column: [] for column in columns}
    encoded = tokenizer(
        [example.question for example in examples],
        [example.context for example in examples],
        truncation="only_second",
        max_length=longest,
        return_attention_mask=False,
    )
    for number, (example, ids) in enumerate(zip(examples, encoded["input_ids"], strict=True)):
        first = encoded.char_to_token(number, example.start, sequence_index=1)
        last = encoded.char_to_token(number, example.end - 1, sequence_index=1)
        if first is None or last is None:
            continue
        home = next(span for span in example.sentences if span.start <= example.start < span.end)
        near_start = encoded.char_to_token(number, home.start, sequence_index=1)
        near_end = encoded.char_to_token(number, home.end - 1, sequence_index=1)
        for column, value in zip(
            columns,
            (
                ids,
                first,
                last,
                first if near_start is None else near_start,
                # The sentence may be cut off behind the answer: then it goes to the end.
                len(ids) - 2 if near_end is None else near_end,
                _sorts(encoded.encodings[number], example),
            ),
            strict=True,
        ):
            rows[column].append(value)
    return Dataset.from_dict(rows)


def _sorts(encoding: Encoding, example: Example) -> list[int]:
    if not example.entities:
        return [-100] * len(encoding.ids)
    sorts = [0 if sequence == 1 else -100 for sequence in encoding.sequence_ids]
    for entity in example.entities:
        for character in range(entity.start, entity.end):
            token = encoding.char_to_token(character, 1)
            if token is not None:
                sorts[token] = _SORT_OF.get(entity.label, 0)
    return sorts
