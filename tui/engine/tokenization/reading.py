"""What a tokenizer makes of one text, cut to what the model takes.

A transformers tokenizer changes the settings of its Rust backend at every call, so two threads must never
call one. Here only the backend is called, and one call at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tui.engine.errors import EngineError
from tui.engine.tokenization.conventions import (
    cleans_up,
    speller_of,
    token_text,
    unknown_id_of,
    without_gaps,
)
from tui.engine.tokenization.giving_up import gives_up, is_its_own
from tui.engine.tokenization.languages import Languages
from tui.engine.tokenization.long_texts import LONG, Parts, can_be_cut
from tui.engine.tokenization.python_tokenizer import PythonTokenizer
from tui.engine.tokenization.shared import SharedTokenizer
from tui.engine.tokenization.texts import Cut, Reading, TextTokenizer, Turns
from tui.engine.tokenization.trials import Trial
from tui.engine.tokenization.unread import first_character, first_unread
from tui.protocol.tokens import Token

if TYPE_CHECKING:
    import tokenizers

T = TypeVar("T")

__all__ = ["Cut", "PythonTokenizer", "Reading", "RustTokenizer", "TextTokenizer", "Turns"]


class RustTokenizer(SharedTokenizer):
    """A tokenizer of the `tokenizers` library."""

    knows_offsets = True

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        limit: int | None,
        input_names: tuple[str, ...],
        special_ids: frozenset[int],
        unknown_id: int | None,
        truncation_side: str = "right",
        padding_side: str = "right",
        class_id: int | None = None,
        mask_token: str | None = None,
        pad_id: int | None = None,
        cleans_up: bool = False,
        render: Callable[[Turns], str] | None = None,
        folder: Path | None = None,
        languages: Languages | None = None,
        is_known: bool = False,
    ) -> None:
        """Takes the backend over: nobody else may call it from now on.

        cleans_up: whether decoding takes the spaces before punctuation away, as transformers does it where the
        tokenizer's config says so. render: applies the chat template; it must not call the backend. is_known: it
        comes with Logitscope, so that no text needs to be tried apart first.
        """
        super().__init__(special_ids, render)
        self._backend = backend
        self._long = threading.Lock()
        self.limit = limit
        self._input_names = tuple(dict.fromkeys(("input_ids", *input_names)))
        self.unknown_id = unknown_id
        self.class_id = class_id
        self.padding_side = padding_side
        self.continuing_prefix = str(getattr(backend.model, "continuing_subword_prefix", None) or "")
        self._side = truncation_side
        self.mask_token = mask_token
        self.pad_id = pad_id
        self._cleans_up = cleans_up
        self.folder = folder
        self.languages = languages
        self._language = None if languages is None else languages.source
        backend.no_padding()
        self._trial = None if is_known else Trial.of(backend, folder.name if folder else "", self._written)

    @classmethod
    def from_folder(cls, folder: Path, limit: int | None, input_names: tuple[str, ...]) -> RustTokenizer:
        """Read `tokenizer.json`, without transformers: for checkpoints known to need no more."""
        import tokenizers

        from tui.engine.sources import files

        backend = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        return cls.around(backend, files.tokenizer_config(folder), limit, input_names, folder, is_known=True)

    @classmethod
    def around(
        cls,
        backend: tokenizers.Tokenizer,
        settings: Mapping[str, Any],
        limit: int | None,
        input_names: tuple[str, ...],
        folder: Path | None = None,
        is_known: bool = False,
    ) -> RustTokenizer:
        """Take over a backend, with what `tokenizer_config.json` says of it; empty where there is none."""
        special = frozenset(
            index for index, token in backend.get_added_tokens_decoder().items() if token.special
        )
        unknown = token_text(settings.get("unk_token"))
        whole = settings.get("cls_token")
        padding = token_text(settings.get("pad_token"))
        return cls(
            backend,
            limit,
            input_names,
            special,
            unknown_id_of(backend) if unknown is None else backend.token_to_id(unknown),
            truncation_side="left" if settings.get("truncation_side") == "left" else "right",
            padding_side=settings.get("padding_side", "right"),
            class_id=backend.token_to_id(whole) if isinstance(whole, str) else None,
            mask_token=token_text(settings.get("mask_token")),
            pad_id=None if padding is None else backend.token_to_id(padding),
            cleans_up=cleans_up(backend, settings.get),
            folder=folder,
            is_known=is_known,
        )

    @property
    def truncation_side(self) -> str:
        """`right` or `left`: where a text that is too long is cut."""
        return self._side

    @property
    def cleans_up(self) -> bool:
        """Whether decoding takes the spaces before punctuation away."""
        return self._cleans_up

    def read(
        self,
        text: str,
        pair: str | None = None,
        cut: Cut = "longest_first",
        special: bool = True,
        language: str | None = None,
    ) -> Reading:
        """Tokenize a text, or two as a pair, of any length, cut to the limit."""
        if pair is None and language is None and len(text) >= LONG and self._can_be_cut:
            encoding, total = self._beginning(text, special)
            return self._reading(
                (text, None), encoding, total, (first_character(encoding.overflowing[:1], 0),)
            )
        if pair is None:
            encoding = self._encode(text, None, "longest_first", self.limit, 0, special, language)
            cuts = encoding.overflowing if self._side == "left" else encoding.overflowing[:1]
            unread_from = (first_character(cuts, 0),)
            return self._reading((text, None), encoding, self.total(encoding, special), unread_from)
        whole = encoding = self._encode(text, pair, cut, None, 0, special, language)
        if self.limit is not None and len(whole) > self.limit:
            encoding = self._encode(text, pair, cut, self.limit, 0, special, language)
        unread = tuple(first_unread(whole, encoding, number, self._side) for number in (0, 1))
        return self._reading((text, pair), encoding, len(whole), unread)

    @cached_property
    def _can_be_cut(self) -> bool:
        """Whether long texts can be read in parts: they are cut at their end, and no token reaches across."""
        return (
            self.limit is not None
            and self._side == "right"
            and self.languages is None
            and can_be_cut(self._backend)
        )

    @cached_property
    def _parts(self) -> Parts:
        def count(texts: list[str]) -> list[int]:
            with self._calls:
                self._backend.no_truncation()
                try:
                    encodings = self._backend.encode_batch(texts, add_special_tokens=False)
                except BaseException as error:
                    raise gives_up(self.folder, error) from error
                return list(map(len, encodings))

        return Parts(count)

    def try_text(self, text: str, pair: str | None = None, back: bool = False) -> None:
        """Try a text apart, where this tokenizer could run without end on it; back: decoding it, too.

        Every reading does it; so must whoever hands a text to the backend in another way. Raises EngineError where
        the text takes too much time or memory.
        """
        if self._trial is not None:
            self._trial.text(text, pair, back)

    def _written(self) -> str:
        with self._calls:
            return str(self._backend.to_str())

    def _beginning(self, text: str, special: bool) -> tuple[tokenizers.Encoding, int]:
        """A long text: its beginning as far as the model takes it, and the tokens of all, counted by parts."""
        self.try_text(text)
        assert self.limit is not None
        with self._long:
            parts = self._parts
            parts.read(text)
            around = self._backend.num_special_tokens_to_add(False) if special else 0
            total = parts.total + around
            beginning = parts.beginning(self.limit)
        return self._encode(beginning, None, "longest_first", self.limit, 0, special), total

    def windows(self, text: str, pair: str | None, cut: Cut, size: int, stride: int) -> list[Reading]:
        """Tokenize into overlapping windows."""
        size = size if self.limit is None else min(size, self.limit)
        unread = (None,) if pair is None else (None, None)
        whole = self._encode(text, pair, cut, None, 0)
        if len(whole) <= size:
            return [self._reading((text, pair), whole, len(whole), unread)]
        around = self._backend.num_special_tokens_to_add(pair is not None)
        kept = 0
        if pair is not None:
            kept = len(self._encode(text if cut == "only_second" else pair, None, "longest_first", None, 0))
            kept -= self._backend.num_special_tokens_to_add(False)
        room = size - around - kept
        if room < 1:
            raise EngineError(
                "The window is too small",
                f"It takes {size:,} tokens; {kept + around:,} are needed for what every window repeats.",
                "Make the window larger, or the text that every window repeats shorter.",
            )
        if stride >= room:
            raise EngineError(
                "The windows overlap too much",
                f"A window has room for {room:,} tokens of the text, and shares {stride:,} with the next.",
                f"Let windows share fewer than {room:,} tokens, or make them larger.",
            )
        encoding = self._encode(text, pair, cut, size, stride)
        return [
            self._reading((text, pair), each, len(each), unread) for each in (encoding, *encoding.overflowing)
        ]

    def decode(self, ids: Sequence[int], skip_special: bool = False, clean_up: bool = True) -> str:
        """The text that ids stand for."""
        if self._trial is not None:
            self._trial.ids(ids)
        with self._calls:
            try:
                text = str(self._backend.decode(list(ids), skip_special_tokens=skip_special))
            except BaseException as error:
                raise gives_up(self.folder, error) from error
        return without_gaps(text) if self._cleans_up and clean_up else text

    def bare_ids(self, text: str, most: int | None = None) -> list[int]:
        """The ids of a text without special tokens around it, cut to `most`."""
        return list(self._encode(text, None, "longest_first", most, 0, special=False).ids)

    def entry(self, index: int) -> str:
        """The vocabulary's spelling of an id; empty for an id it doesn't have."""
        return self._backend.id_to_token(index) or ""

    def id_of(self, entry: str) -> int | None:
        """The id of an entry of the vocabulary."""
        found: int | None = self._backend.token_to_id(entry)
        return found

    def _vocabulary(self) -> dict[str, int]:
        return self._backend.get_vocab()

    def encodings(self, texts: Sequence[str]) -> list[tokenizers.Encoding]:
        """What `read` reads each of some texts from, all by one call."""
        for text in texts:
            self.try_text(text)
        return self._encoded(texts, "longest_first", self.limit, 0)

    def encoding(self, text: str) -> tuple[tokenizers.Encoding, int]:
        """What `read` reads a text from, and the tokens of the whole with its special tokens."""
        if len(text) >= LONG and self._can_be_cut:
            return self._beginning(text, True)
        (encoding,) = self.encodings([text])
        return encoding, self.total(encoding)

    def total(self, encoding: tokenizers.Encoding, special: bool = True) -> int:
        """Tokens of a whole text, by what `encodings` gives for it."""
        cuts = encoding.overflowing
        around = self._backend.num_special_tokens_to_add(False) if special and cuts else 0
        return len(encoding) + sum(len(cut) - around for cut in cuts)

    def ask(self, question: Callable[[tokenizers.Tokenizer], T]) -> T:
        """The answer to a question about the backend, which nobody else calls meanwhile and which it leaves as is.

        Truncation is off while it is asked: every reading sets its own.
        """
        with self._calls:
            self._backend.no_truncation()
            try:
                return question(self._backend)
            except BaseException as error:
                if is_its_own(error):
                    raise gives_up(self.folder, error) from error
                raise

    def join(self, entries: Sequence[str]) -> str:
        """The text that entries of the vocabulary spell."""
        decoder = self._backend.decoder
        try:
            return " ".join(entries) if decoder is None else str(decoder.decode(list(entries)))
        except BaseException as error:
            raise gives_up(self.folder, error) from error

    def _encode(
        self,
        text: str,
        pair: str | None,
        cut: Cut,
        size: int | None,
        stride: int,
        special: bool = True,
        language: str | None = None,
    ) -> tokenizers.Encoding:
        self.try_text(text, pair)
        one = text if pair is None else (text, pair)
        return self._encoded([one], cut, size, stride, special, language)[0]

    def _encoded(
        self,
        texts: Sequence[str | tuple[str, str]],
        cut: Cut,
        size: int | None,
        stride: int,
        special: bool = True,
        language: str | None = None,
    ) -> list[tokenizers.Encoding]:
        with self._calls:
            if self.languages is not None:
                # every call says its language, for none may find that of the call before
                self._language = self.languages.switch(self._language, language)
            if size is None:
                self._backend.no_truncation()
            else:
                self._backend.enable_truncation(size, stride=stride, strategy=cut, direction=self._side)
            # encode_batch lets go of the interpreter while it works; encode holds it for a second per megabyte
            try:
                return list(self._backend.encode_batch(list(texts), add_special_tokens=special))
            except BaseException as error:
                raise gives_up(self.folder, error) from error

    def _reading(
        self,
        texts: tuple[str, str | None],
        encoding: tokenizers.Encoding,
        total: int,
        unread_from: tuple[int | None, ...],
    ) -> Reading:
        inputs = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        return Reading(
            tokens=self._tokens(texts, encoding),
            total=total,
            unread_from=unread_from,
            inputs={name: ids for name, ids in inputs.items() if name in self._input_names},
            added=tuple(flag == 1 for flag in encoding.special_tokens_mask),
        )

    def _tokens(self, texts: tuple[str, str | None], encoding: tokenizers.Encoding) -> tuple[Token, ...]:
        columns = zip(
            encoding.ids,
            # not encoding.tokens: Unigram puts the text of an unknown piece there, not the entry it became
            map(self.entry, encoding.ids),
            encoding.offsets,
            encoding.special_tokens_mask,
            encoding.attention_mask,
            encoding.type_ids,
            encoding.word_ids,
            encoding.sequence_ids,
            strict=True,
        )
        return tuple(
            Token(
                id=index,
                text=entry,
                start=start,
                end=end,
                special=added == 1 or self.is_special_in(index, (texts[number or 0] or "")[start:end]),
                mask=mask,
                type_id=type_id,
                word=word,
                field=number,
            )
            for index, entry, (start, end), added, mask, type_id, word, number in columns
        )

    @cached_property
    def _spells_unknown(self) -> Callable[[str], bool]:
        return speller_of(self._backend, self.unknown_id)
