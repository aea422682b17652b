"""Questions with the text that answers them: cloze questions on real passages, everyday questions on made ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from tui.training.question_answering.questions import questions_of
from tui.training.texts.annotation import Paragraph, Span
from tui.training.texts.everyday import fill, read_scenes
from tui.training.texts.names import Names

MOST_WORDS = 75
_MOST_SENTENCES = 5
_LONGEST_ANSWER = 60
_PHRASES_KEPT = 0.35


@dataclass(frozen=True)
class Example:
    """A question on a context: characters `start`..`end` of the context answer it.

    `label` is that of the entity which answers, "" when a phrase does. For the rules of the baseline it also has
    the sentences, entities and phrases of the context.
    """

    question: str
    context: str
    start: int
    end: int
    sentences: tuple[Span, ...] = ()
    entities: tuple[Span, ...] = ()
    phrases: tuple[Span, ...] = ()
    label: str = ""

    @property
    def answer(self) -> str:
        """The text of the answer."""
        return self.context[self.start : self.end]


def joined(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Return the paragraphs with those of one editorial, which are single sentences, made one."""
    whole: list[Paragraph] = []
    for (kind, _), members in groupby(paragraphs, key=lambda paragraph: (paragraph.kind, paragraph.document)):
        if kind == "editorials":
            whole.append(_chained(list(members)))
        else:
            whole += members
    return whole


def cloze_examples(paragraphs: Sequence[Paragraph], seed: int) -> list[Example]:
    """Return the questions of each paragraph, each on some consecutive sentences of it that hold the answer.

    Of the questions that a phrase answers about a third is kept: they would outnumber those after names.
    """
    numbers = random.Random(seed)
    found: list[Example] = []
    for paragraph in paragraphs:
        for question in questions_of(paragraph, numbers):
            if not question.answer.label and numbers.random() > _PHRASES_KEPT:
                continue
            if question.answer.end - question.answer.start > _LONGEST_ANSWER:
                continue
            window = _window(paragraph, question.answer, numbers)
            if window is not None:
                found.append(cut(paragraph, window, question.text, question.answer))
    return found


def everyday_examples(count: int, names: Names, seed: int) -> list[Example]:
    """Return questions on one to four everyday sentences in a row, as many on each sentence."""
    numbers = random.Random(seed)
    scenes = read_scenes()
    made: list[Example] = []
    for number in range(count):
        asked = number % len(scenes)
        beside = numbers.sample(
            [index for index in range(len(scenes)) if index != asked], numbers.randint(0, 3)
        )
        order = [asked, *beside]
        numbers.shuffle(order)
        filled = {index: fill(scenes[index], names, numbers) for index in order}
        ends = list(accumulate(len(filled[index].text) + 1 for index in order))
        sentences = tuple(
            Span(end - len(filled[index].text) - 1, end - 1) for index, end in zip(order, ends, strict=True)
        )
        offset = sentences[order.index(asked)].start
        question, (start, end) = numbers.choice(filled[asked].questions)
        context = " ".join(filled[index].text for index in order)
        made.append(Example(question, context, offset + start, offset + end, sentences))
    return made


def _window(paragraph: Paragraph, answer: Span, numbers: random.Random) -> Span | None:
    """Return a run of sentences with the answer's in it; None when that alone is too long."""
    sentences = paragraph.sentences
    home = next(
        (n for n, span in enumerate(sentences) if span.start <= answer.start and answer.end <= span.end), None
    )
    if home is None or _words_in(paragraph, sentences[home]) > MOST_WORDS:
        return None
    first = last = home
    for _ in range(numbers.randint(1, _MOST_SENTENCES - 1)):
        grown = (first - 1, last) if numbers.random() < 0.5 else (first, last + 1)
        if grown[0] < 0 or grown[1] >= len(sentences):
            continue
        if _words_in(paragraph, Span(sentences[grown[0]].start, sentences[grown[1]].end)) <= MOST_WORDS:
            first, last = grown
    return Span(sentences[first].start, sentences[last].end)


def _words_in(paragraph: Paragraph, span: Span) -> int:
    return len(paragraph.text[span.start : span.end].split())


def cut(paragraph: Paragraph, window: Span, question: str, answer: Span) -> Example:
    """Return the question on the characters `window` of a paragraph, with what was found inside of them."""

    def inside(spans: Sequence[Span]) -> tuple[Span, ...]:
        return tuple(
            replace(span, start=span.start - window.start, end=span.end - window.start)
            for span in spans
            if window.start <= span.start and span.end <= window.end
        )

    return Example(
        question,
        paragraph.text[window.start : window.end],
        answer.start - window.start,
        answer.end - window.start,
        inside(paragraph.sentences),
        inside(paragraph.entities),
        inside(paragraph.phrases),
        answer.label,
    )


def _chained(paragraphs: Sequence[Paragraph]) -> Paragraph:
    chain = paragraphs[0]
    for paragraph in paragraphs[1:]:
        offset, number = len(chain.text) + 1, len(chain.words)

        def moved(spans: Sequence[Span], offset: int = offset) -> tuple[Span, ...]:
            return tuple(replace(span, start=span.start + offset, end=span.end + offset) for span in spans)

        chain = replace(
            chain,
            text=f"{chain.text} {paragraph.text}",
            sentences=chain.sentences + moved(paragraph.sentences),
            words=chain.words
            + tuple(
                replace(word, start=word.start + offset, end=word.end + offset, head=word.head + number)
                for word in paragraph.words
            ),
            entities=chain.entities + moved(paragraph.entities),
            phrases=chain.phrases + moved(paragraph.phrases),
        )
    return chain
