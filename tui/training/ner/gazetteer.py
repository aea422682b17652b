"""The baseline: marks the longest known names, known from the training sentences and from the lists."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tui.training.ner.sentences import Entity, Sentence
from tui.training.texts.names import Names

_SIGNS = ".,;:!?()[]\"'“”‘’"


class Gazetteer:
    """Known names with their most frequent type."""

    def __init__(self, sentences: Iterable[Sentence], names: Names) -> None:
        counts: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        lists = (("PER", names.first), ("PER", names.last), ("LOC", names.cities), ("LOC", names.countries))
        for sort, members in lists:
            for member in members:
                counts[tuple(member.split())][sort] += 1
        outside: Counter[str] = Counter()
        for sentence in sentences:
            at = 0
            for entity in sentence.entities:
                name = tuple(sentence.text[entity.start : entity.end].split())
                # One sentence outweighs the lists: "Jordan" is a last name there, a country in the news.
                counts[name][entity.type] += 2
                outside.update(word.strip(_SIGNS) for word in sentence.text[at : entity.start].split())
                at = entity.end
            outside.update(word.strip(_SIGNS) for word in sentence.text[at:].split())
        # "Will", "May" and "In" are last names: a word that is seldom a name in the sentences is none.
        self._types = {
            name: types.most_common(1)[0][0]
            for name, types in counts.items()
            if len(name) > 1 or outside[name[0] if name else ""] <= types.total()
        }
        self._longest = max((len(name) for name in self._types), default=0)

    def entities(self, text: str) -> tuple[Entity, ...]:
        """Return the known names in the text, from left to right, the longest first.

        First and last names that follow each other are one person.
        """
        words: list[tuple[int, int]] = []
        at = 0
        for raw in text.split():
            start = text.index(raw, at)
            at = start + len(raw)
            inside = raw.removesuffix("'s").removesuffix("’s").strip(_SIGNS).removesuffix("'s")
            offset = raw.find(inside)
            words.append((start + offset, start + offset + len(inside)))
        found: list[Entity] = []
        index = 0
        while index < len(words):
            length, sort = self._match(
                [text[start:end] for start, end in words[index : index + self._longest]]
            )
            if length:
                start, end = words[index][0], words[index + length - 1][1]
                follows = found and text[found[-1].end : start] == " "
                if follows and sort == found[-1].type == "PER":
                    found[-1] = Entity(found[-1].start, end, "PER")
                else:
                    found.append(Entity(start, end, sort))
            index += max(1, length)
        return tuple(found)

    def _match(self, words: Sequence[str]) -> tuple[int, str]:
        for length in range(len(words), 0, -1):
            sort = self._types.get(tuple(words[:length]))
            if sort is not None and any(word[:1].isupper() for word in words[:length]):
                return length, sort
        return 0, ""
