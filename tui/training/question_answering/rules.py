"""The baselines: pick the sentence that matches the question best, and in it a phrase or a name that would fit."""

import math
import re
from collections import Counter
from collections.abc import Iterable

from tui.training.question_answering.examples import Example
from tui.training.splits import words_of
from tui.training.texts.annotation import Span

_PLACES = ("GPE", "LOC", "FAC")
_SORTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), sorts)
    for pattern, sorts in (
        (r"\bwho(?:m|se)?\b|which person", ("PERSON", "ORG", "NORP")),
        (r"\bwhere\b|(?:which|what) (?:place|country|city|state|capital|building)", _PLACES),
        (r"\bwhen\b|(?:which|what) (?:year|day|month)", ("DATE", "TIME")),
        (r"how (?:long|old)", ("DATE", "TIME")),
        (r"how many", ("CARDINAL",)),
        (r"how much|how (?:far|high|wide)|what amount", ("MONEY", "QUANTITY", "PERCENT", "CARDINAL")),
        (r"what (?:percentage|share)", ("PERCENT",)),
        (r"(?:which|what) (?:organization|group|company|team|club|hospital)", ("ORG", "NORP")),
        (r"(?:which|what) (?:people|nationality)", ("NORP",)),
        (r"(?:which|what) language", ("LANGUAGE", "NORP")),
        (r"which (?:work|event|law|product)", ("WORK_OF_ART", "EVENT", "LAW", "PRODUCT")),
    )
)


class Rules:
    """Answers by rules; how rare a word is was counted in the training texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        holders: Counter[str] = Counter()
        total = 0
        for text in texts:
            holders.update(set(words_of(text)))
            total += 1
        self._rarity = {word: math.log((1 + total) / (1 + count)) for word, count in holders.items()}
        self._rarest = math.log(1 + total)

    def best_sentence(self, example: Example) -> Span:
        """Return the sentence whose words are most like those of the question: cosine of tf-idf vectors."""
        question = self._vector(example.question)

        def likeness(sentence: Span) -> float:
            vector = self._vector(example.context[sentence.start : sentence.end])
            length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
            return sum(weight * vector.get(word, 0.0) for word, weight in question.items()) / length

        return max(example.sentences, key=likeness)

    def last_phrase(self, example: Example) -> str:
        """Return the last noun phrase of the best sentence that is not in the question."""
        sentence = self.best_sentence(example)
        return (
            self._last(example, sentence, example.phrases) or example.context[sentence.start : sentence.end]
        )

    def fitting_name(self, example: Example) -> str:
        """Return the name or number in the best sentence that fits the word that asks, else its last phrase.

        The names are spaCy's: this rule is told what the checkpoint has to find out. Names in the question are no
        answers; of several the last is taken.
        """
        sentence = self.best_sentence(example)
        for pattern, sorts in _SORTS:
            if pattern.search(example.question):
                for sort in sorts:
                    fitting = [span for span in example.entities if span.label == sort]
                    answer = self._last(example, sentence, fitting)
                    if answer:
                        return answer
                break
        return self.last_phrase(example)

    def _last(self, example: Example, sentence: Span, spans: Iterable[Span]) -> str:
        asked = set(words_of(example.question))
        texts = [
            example.context[span.start : span.end]
            for span in spans
            if sentence.start <= span.start and span.end <= sentence.end
        ]
        new = [text for text in texts if not set(words_of(text)) <= asked]
        return new[-1] if new else ""

    def _vector(self, text: str) -> dict[str, float]:
        return {
            word: count * self._rarity.get(word, self._rarest)
            for word, count in Counter(words_of(text)).items()
        }
