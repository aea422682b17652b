"""Tokens as a stage shows them: their entries, their bytes, and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui.engine.tokenization.changes import Atom
from tui.engine.tokenization.post_processing import Columns
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.texts import Reading
from tui.engine.tokenization.token_bytes import Spelling, entry_bytes
from tui.protocol.microscope.portions import VocabularyEntry
from tui.protocol.microscope.stages import Origin, Piece

if TYPE_CHECKING:
    import tokenizers


class PieceMaker:
    """Makes pieces of one tokenizer's tokens."""

    def __init__(
        self, reader: RustTokenizer, spelling: Spelling, added: Mapping[int, tokenizers.AddedToken]
    ) -> None:
        self._reader = reader
        self._spelling = spelling
        self._added = added
        self._entries: dict[int, VocabularyEntry] = {}

    def entry(self, index: int) -> VocabularyEntry:
        """How the vocabulary spells an id; made once."""
        entry = self._entries.get(index)
        if entry is None:
            text = self._reader.entry(index)
            entry = self._entries[index] = VocabularyEntry(index, text, self._spelled(index, text))
        return entry

    def of_texts(self, columns: Columns, words: Sequence[Sequence[Atom]]) -> tuple[Piece, ...]:
        """The model's pieces, which no post-processor has seen.

        words: for each text its pre-tokens and added tokens, which tokens know by number.
        """
        return tuple(
            Piece(
                id=index,
                text=text,
                spelled=self._spelled(index, text),
                start=start,
                end=end,
                word=word,
                field=field,
                origin=self._origin(index, word, field, words),
            )
            for index, text, (start, end), word, field in zip(
                columns.ids,
                map(self._reader.entry, columns.ids),
                columns.offsets,
                columns.words,
                columns.fields,
                strict=True,
            )
        )

    def of_input(
        self,
        columns: Columns,
        words: Sequence[Sequence[Atom]],
        named: Sequence[str],
        masks: Sequence[int | None],
    ) -> tuple[Piece, ...]:
        """The same after a post-processor. named: the template's item for each."""
        return tuple(
            Piece(
                id=piece.id,
                text=piece.text,
                spelled=piece.spelled,
                start=piece.start,
                end=piece.end,
                word=piece.word,
                field=piece.field,
                origin=piece.origin,
                type_id=type_id,
                mask=mask,
                item=item,
            )
            for piece, type_id, item, mask in zip(
                self.of_texts(columns, words), columns.type_ids, named, masks, strict=True
            )
        )

    def _origin(
        self, index: int, word: int | None, field: int | None, words: Sequence[Sequence[Atom]]
    ) -> Origin:
        if field is None:
            return "special"
        # two templates in a row number texts, and words in them, that there are not
        known = words[field] if field < len(words) else ()
        if word is not None and word < len(known) and known[word].id is not None:
            return "added token"
        return "unknown" if index == self._reader.unknown_id else "text"

    def _spelled(self, index: int, text: str) -> bytes:
        added = self._added.get(index)
        # not its entry: the library gives that of a normalized one as the normalizer makes it
        return entry_bytes(text if added is None else added.content, self._spelling, added is not None)


def read_columns(reading: Reading) -> Columns:
    """What the reader gives, column by column."""
    tokens = reading.tokens
    return Columns(
        ids=[token.id for token in tokens],
        tokens=[token.text for token in tokens],
        offsets=[(token.start or 0, token.end or 0) for token in tokens],
        words=[token.word for token in tokens],
        type_ids=[token.type_id for token in tokens],
        special=[int(added) for added in reading.added],
        fields=[token.field for token in tokens],
    )
