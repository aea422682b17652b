"""Makes questions out of sentences: the name or phrase that answers is taken out, the rest becomes the question.

After Lewis, Denoyer and Riedel, "Unsupervised Question Answering by Cloze Translation" (ACL 2019): they
translate the sentence with a gap into a question with a trained model or by rules; these are rules, along the
parse by spaCy.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tui.training.question_answering.clauses import Clause, Part, clauses_of, text_of
from tui.training.texts.annotation import Paragraph, Span

_PLACES = ("GPE", "LOC", "FAC")
_WORDS_FOR = {
    "PERSON": ("Who", "Who", "Which person"),
    "ORG": ("What", "Which organization", "What organization", "Which group"),
    "GPE": ("What", "Which place", "What country or city", "Which country"),
    "LOC": ("What", "Which place", "What place"),
    "FAC": ("What", "Which place", "What building"),
    "NORP": ("Who", "Which people", "What group"),
    "WORK_OF_ART": ("What", "Which work"),
    "PRODUCT": ("What", "Which product"),
    "EVENT": ("What", "Which event"),
    "LAW": ("What", "Which law"),
    "LANGUAGE": ("What language", "Which language"),
    "MONEY": ("How much", "How much money"),
    "PERCENT": ("What percentage", "How much"),
    "QUANTITY": ("How much", "What amount"),
    "": ("What",),
}
_SWALLOWED = {
    "Where": (
        "in",
        "at",
        "on",
        "near",
        "to",
        "into",
        "within",
        "inside",
        "across",
        "through",
        "around",
        "towards",
    ),
    "When": ("in", "on", "at", "during", "by", "around"),
}
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_LENGTH_OF_TIME = re.compile(r"\b(?:years?|months?|weeks?|days?|hours?|minutes?|decades?|centuries)\b")
_PRONOUNS = {
    "he",
    "she",
    "it",
    "they",
    "this",
    "that",
    "these",
    "those",
    "who",
    "which",
    "we",
    "you",
    "there",
    "what",
}
_POINTING = ("his ", "her ", "its ", "their ", "it", "i ")
_DO = {"VBD": "did", "VBZ": "does", "VBP": "do"}
_MAY_GO = {"prep", "npadvmod", "advmod"}
_SHORTEST, _LONGEST = 3, 24
_GAPS = 0.12


@dataclass(frozen=True)
class Question:
    """A question, the characters of its paragraph that answer it, and the label of the answer ("" for a phrase)."""

    text: str
    answer: Span


def questions_of(paragraph: Paragraph, numbers: random.Random) -> list[Question]:
    """Return the questions that the names, numbers and phrases of a paragraph answer, each text once."""
    found: dict[str, Question] = {}
    for clause in clauses_of(paragraph):
        for part in (clause.subject, *clause.others):
            for answer in _answers_in(paragraph, part):
                text = _question(paragraph, clause, part, answer, numbers)
                if text is not None and text not in found:
                    found[text] = Question(text, answer)
    return list(found.values())


def _answers_in(paragraph: Paragraph, part: Part) -> Iterator[Span]:
    """Yield the entities inside a part, and the phrase that it is or holds when there is no entity in that."""
    start, end = paragraph.words[part.first].start, paragraph.words[part.last].end
    inside = [span for span in paragraph.entities if start <= span.start and span.end <= end]
    for span in inside:
        if span.label != "ORDINAL":
            yield _without_article(paragraph.text, span)
    for phrase in paragraph.phrases:
        text = paragraph.text[phrase.start : phrase.end]
        named = any(span.start < phrase.end and phrase.start < span.end for span in inside)
        is_inside = start <= phrase.start and phrase.end <= end
        points = text.lower() in _PRONOUNS or text.lower().startswith(_POINTING) or len(text) < 4
        if is_inside and not named and not points:
            yield _without_article(paragraph.text, phrase)


def _without_article(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    for article in ("the ", "The ", "a ", "A ", "an ", "An "):
        if text.startswith(article, start, end):
            start += len(article)
    for possessive in ("'s", "’s"):
        if text.endswith(possessive, start, end):
            end -= len(possessive)
    return Span(start, end, span.label)


def _question(
    paragraph: Paragraph, clause: Clause, part: Part, answer: Span, numbers: random.Random
) -> str | None:
    words = paragraph.words
    subject = text_of(paragraph, clause.subject.first, clause.subject.last)
    if subject.lower() in _PRONOUNS and numbers.random() < 0.8:
        return None
    inside = [
        n
        for n in range(part.first, part.last + 1)
        if words[n].start < answer.end and answer.start < words[n].end
    ]
    if not inside:
        return None
    # The head of the answer is its one word that hangs on a word outside of it.
    heads = [n for n in inside if words[n].head not in inside or words[n].head == n]
    head = heads[-1]
    rest = [other for other in clause.others if other != part]
    kept = [other for other in rest if other.relation not in _MAY_GO or numbers.random() < 0.7]
    if part == clause.subject:
        if head != part.head:
            return None
        ask = numbers.choice(_WORDS_FOR.get(answer.label, _WORDS_FOR[""]))
        if answer.label == "CARDINAL" or answer.label in ("DATE", "TIME"):
            return None
        return _sentence(ask, [_verb_group(paragraph, clause), *_texts(paragraph, kept)])
    asked = _ask_for(paragraph, part, answer, head, inside, numbers)
    if asked is None:
        if numbers.random() > _GAPS:
            return None
        # No rule fits: the sentence with the gap, behind the word that asks, as Lewis et al. have it at first.
        ask = numbers.choice(_WORDS_FOR.get(answer.label, _WORDS_FOR[""]))
        before = paragraph.text[words[part.first].start : answer.start]
        after = paragraph.text[answer.end : words[part.last].end]
        pieces = [_lowered(paragraph, clause.subject), _verb_group(paragraph, clause), before, after]
        return _sentence(ask, [*pieces, *_texts(paragraph, kept)])
    ask, left_over = asked
    inverted = _inverted(paragraph, clause)
    if inverted is None:
        return None
    first, second = inverted
    close_by = [
        other for other in kept if other.relation in ("neg", "prt", "dobj", "attr", "acomp", "dative", "oprd")
    ]
    farther = [other for other in kept if other not in close_by]
    return _sentence(
        ask,
        [
            first,
            _lowered(paragraph, clause.subject),
            *_texts(paragraph, [other for other in close_by if other.relation == "neg"]),
            second,
            *_texts(paragraph, [other for other in close_by if other.relation != "neg"]),
            left_over,
            *_texts(paragraph, farther),
        ],
    )


def _ask_for(
    paragraph: Paragraph, part: Part, answer: Span, head: int, inside: list[int], numbers: random.Random
) -> tuple[str, str] | None:
    """Return the words that ask and what of the part is left to say; None when no rule fits."""
    words = paragraph.words
    label = answer.label
    text = paragraph.text[answer.start : answer.end]
    direct = head == part.head
    preposition = ""
    if part.relation in ("prep", "agent") and words[head].head == part.head and inside[0] - part.first <= 2:
        preposition = paragraph.text[words[part.head].start : words[part.head].end].lower()
    if label == "CARDINAL" and words[head].relation == "nummod" and part.last > inside[-1]:
        lead = preposition or (
            text_of(paragraph, part.first, inside[0] - 1) if inside[0] > part.first else ""
        )
        if lead and part.relation != "prep":
            return None
        return "How many " + text_of(paragraph, inside[-1] + 1, part.last), lead.lower()
    if not direct and not preposition:
        return None
    # What follows the answer inside its part ("in Paris with friends") would be lost or cut in two.
    tail = text_of(paragraph, inside[-1] + 1, part.last) if part.last > inside[-1] else ""
    if len(tail.split()) > 5:
        return None
    if label in ("DATE", "TIME"):
        if _LENGTH_OF_TIME.search(text) and not text.lower().startswith(("last", "this", "next")):
            return ("How long", tail) if preposition in ("for", "") else None
        if _YEAR.fullmatch(text) and numbers.random() < 0.4:
            return numbers.choice(("In what year", "In which year", "What year")), tail
        if preposition in ("since", "until", "from", "after", "before"):
            return f"{preposition.capitalize()} when", tail
        return ("When", tail) if preposition in ("", *_SWALLOWED["When"]) else None
    if label in _PLACES and preposition in _SWALLOWED["Where"]:
        if numbers.random() < 0.75:
            return "Where", tail
        return (
            f"{preposition.capitalize()} {numbers.choice(('which place', 'which country', 'what city'))}",
            tail,
        )
    if label in _PLACES and preposition == "from":
        return "Where", f"from {tail}"
    ask = numbers.choice(_WORDS_FOR.get(label, _WORDS_FOR[""]))
    if preposition and numbers.random() < 0.3:
        return f"{preposition.capitalize()} {ask.lower().replace('who', 'whom')}", tail
    return ask, f"{preposition} {tail}"


def _verb_group(paragraph: Paragraph, clause: Clause) -> str:
    negations = [part for part in clause.others if part.relation == "neg"]
    group = sorted((*clause.helpers, *negations), key=lambda part: part.first)
    verb = text_of(paragraph, clause.verb, clause.verb)
    return " ".join([*_texts(paragraph, [part for part in group if part.first < clause.verb]), verb])


def _inverted(paragraph: Paragraph, clause: Clause) -> tuple[str, str] | None:
    """Return what stands before the subject in a question and what behind it: ("did", "return")."""
    verb = paragraph.words[clause.verb]
    text = text_of(paragraph, clause.verb, clause.verb)
    helpers = _texts(paragraph, [part for part in clause.helpers if part.first < clause.verb])
    if helpers and helpers[0] != "to":
        return helpers[0].lower(), " ".join([*helpers[1:], text])
    if helpers:
        return None
    if verb.lemma == "be":
        return text.lower(), ""
    return (_DO[verb.tag], verb.lemma) if verb.tag in _DO else None


def _lowered(paragraph: Paragraph, part: Part) -> str:
    text = text_of(paragraph, part.first, part.last)
    first = paragraph.words[part.first]
    keeps = first.tag in ("NNP", "NNPS") or text[:2] in ("I ", "I'") or text[1:2].isupper()
    return text if keeps else text[:1].lower() + text[1:]


def _texts(paragraph: Paragraph, parts: list[Part]) -> list[str]:
    texts = [text_of(paragraph, part.first, part.last) for part in parts]
    return [
        text if paragraph.words[part.first].tag in ("NNP", "NNPS") else text[:1].lower() + text[1:]
        for text, part in zip(texts, parts, strict=True)
    ]


def _sentence(ask: str, pieces: list[str]) -> str | None:
    """Return the question as one text; None when it is too short to mean anything or too long."""
    text = " ".join(" ".join([ask, *pieces]).split()).strip(" ,;:.-–—")
    length = len(text.split())
    return f"{text}?" if _SHORTEST < length <= _LONGEST else None
