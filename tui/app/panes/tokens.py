"""Pane 4: the tokens the model reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import TOKENS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import fit, visible
from tui.app.render.strips import flow, row
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.protocol import Tokenized
    from tui.protocol.tokens import Token, TokenSequence

_WIDEST = 40
_GUTTER_CELLS = 6
_NORM_CELLS = 5
_GUTTER = ("piece", "id", "mask", "type", "norm")


def piece(token: Token) -> str:
    """A token's vocabulary entry as shown: visible, spaces written out, very long ones cut."""
    return fit(token.text.replace(" ", "␠"), _WIDEST) or "∅"


def describe(token: Token, position: int, total: int, texts: tuple[str, ...]) -> str:
    """Everything known of one token, in one line."""
    text = texts[token.field] if token.field is not None and token.field < len(texts) else None
    if token.start is None or token.end is None or text is None:
        place = "characters –" if not token.special else "from no character"
    elif token.end > token.start:
        place = f"characters {token.start}–{token.end} “{fit(text[token.start : token.end], 24)}”"
    else:
        place = "from no character"
    special = "special, " if token.special else ""
    return (
        f"position {position} (0–{total - 1}): {piece(token)} → id {token.id}, "
        f"{special}{place}, mask {token.mask}, type {token.type_id}"
    )


class TokensPane(LinePane):
    """Pieces in a flow, each with its id, mask and type id below it where there is room."""

    NUMBER = 4
    NAME = "Tokens"
    HELP = (
        "The text as the model reads it: pieces of the tokenizer's vocabulary, each with its id. Walk them with "
        "the arrow keys: the characters a token comes from are underlined in Input, and the title names its id, "
        "its characters, its attention mask (1: attended) and its type id (which segment it belongs to).\n\n"
        "“norm” is the length of the last hidden state at the position, a vector of the model's width.\n\n"
        "Special tokens such as [CLS] and [SEP] are added by the tokenizer and come from no character; they are "
        "written in italics. “##” (WordPiece) marks a piece that continues a word, “Ġ” (byte-level BPE) or “▁” "
        "(SentencePiece) a space before it.\n\n"
        "A text with more tokens than the model takes is cut; the title says how many of how many are read.\n\n"
        "Some tasks make several sequences (a pair for each label, windows of a long context, what a decoder "
        "wrote): “[” and “]” show the one before and the next. Where a head has logits at every position, the "
        "selected token says which of them Logits → probabilities reads; backspace selects none."
    )
    BINDINGS = bindings(TOKENS)

    class TokenMoved(Message):
        """Another token was selected here."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    class EditRequested(Message):
        """The text cursor is to go where the selected token begins."""

    class SequenceMoved(Message):
        """Another sequence is to be shown."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Cleared(Message):
        """No token is to be selected."""

    tokenized: var[Tokenized | None] = var(None)
    sequence: var[int] = var(0)
    """Which of its sequences is shown."""
    norms: var[tuple[tuple[float, ...], ...]] = var(())
    """[sequences][positions]: length of each position's last hidden state."""
    cursor: var[int | None] = var(None)
    """Position of the selected token."""
    texts: var[tuple[str, ...]] = var(())
    """The texts these tokens were made from, by field."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._depth: int | None = (
            None  # rows a token takes: 1 piece, 2 with ids, 4 with mask and types, 5 with norms
        )
        self._pieces_of: tuple[TokenSequence | None, tuple[str, ...]] = (None, ())
        self._lines: list[list[int]] = []
        self._widths: list[int] = []

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self._retitle()

    def watch_tokenized(self, tokenized: Tokenized | None) -> None:
        """Other tokens: lay them out."""
        self._lay_out()

    def watch_sequence(self) -> None:
        """Another sequence: lay it out."""
        self._lay_out()

    def _lay_out(self) -> None:
        self._retitle()
        self.redraw()

    @property
    def _pieces(self) -> tuple[str, ...]:
        """The pieces of the sequence on screen, made once for it."""
        shown = self.shown
        if self._pieces_of[0] is not shown:
            self._pieces_of = (shown, tuple(piece(token) for token in shown.tokens) if shown else ())
        return self._pieces_of[1]

    def watch_norms(self) -> None:
        """The hidden states are there."""
        if self._shown_depth() > 4:
            self.redraw()

    def _norms(self) -> tuple[float, ...]:
        """The norms of the sequence on screen; none where they are of other tokens."""
        shown = self.shown
        norms = self.norms[self.sequence] if self.sequence < len(self.norms) else ()
        return norms if shown is not None and len(norms) == len(shown.tokens) else ()

    @property
    def shown(self) -> TokenSequence | None:
        """The sequence on screen."""
        if self.tokenized is None:
            return None
        return self.tokenized.sequences[min(self.sequence, len(self.tokenized.sequences) - 1)]

    def watch_cursor(self) -> None:
        """Another token is selected."""
        self._retitle()
        self.redraw()
        if self.cursor is not None and self._lines:
            self.show_row(self._line_of(self.cursor) * self._shown_depth())
            self.show_row(self._line_of(self.cursor) * self._shown_depth() + self._shown_depth() - 1)

    def _retitle(self) -> None:
        shown = self.shown
        if shown is None or self.tokenized is None:
            self.set_title()
            return
        tokens, total = shown.tokens, shown.total
        cut = total > len(tokens)
        if self.cursor is not None and self.cursor < len(tokens):
            facts = describe(tokens[self.cursor], self.cursor, len(tokens), self.texts)
        elif cut:
            facts = f"the first {numbers.count(len(tokens))} of {numbers.count(total)}"
        else:
            facts = f"{numbers.count(total)} tokens"
        if cut:
            facts += f"; the model takes {numbers.count(self.tokenized.limit)}, the rest is not read"
        count = len(self.tokenized.sequences)
        if count > 1:
            name = f" {fit(shown.name, 24)}" if shown.name else ""
            facts = f"[{self.sequence + 1}/{count}{name}] {facts}"
        self.set_title(facts)

    def _shown_depth(self) -> int:
        if self._depth is not None:
            return self._depth
        lines = len(self._lines)  # norms differ with each key: they are shown where they are asked for
        return next((depth for depth in (4, 2) if lines * depth <= self.room), 1)

    @staticmethod
    def _cell(token: Token, text: str, level: int, norm: float | None) -> str:
        if level == len(_GUTTER) - 1:
            return numbers.UNKNOWN if norm is None else numbers.logit(norm, 1)
        return (text, str(token.id), str(token.mask), str(token.type_id))[level]

    def rows(self, width: int) -> list[Strip]:
        """The flow of tokens; the deepest view that fits unless one was asked for."""
        shown = self.shown
        if shown is None:
            return []
        gutter = _GUTTER_CELLS
        least = _NORM_CELLS if self._depth == len(_GUTTER) else 0
        tokens, pieces, norms = shown.tokens, self._pieces, self._norms()
        widths = self._widths = [
            max(cell_len(text), len(str(token.id)), least) for text, token in zip(pieces, tokens, strict=True)
        ]
        self._lines = flow(widths, width - gutter)
        depth = self._shown_depth()
        strips = []
        for line in self._lines:
            for level in range(depth):
                parts: list[tuple[str, Style]] = [(f"{_GUTTER[level]:<{gutter}}", self.style("muted"))]
                for position in line:
                    norm = norms[position] if norms else None
                    text = fit(self._cell(tokens[position], pieces[position], level, norm), width - gutter)
                    fill = " " * (min(widths[position], width - gutter) - cell_len(text))
                    parts.append((text + fill, self._chip(tokens[position], position, level)))
                    parts.append((" ", self.style("text")))
                strips.append(row(*parts))
        return strips

    def _chip(self, token: Token, position: int, level: int) -> Style:
        if position == self.cursor:
            return self.style("cursor") + Style(bold=True)
        if level:
            return self.style("muted")
        if token.special:
            return self.style("special") + Style(italic=True)
        return self.style("odd" if position % 2 else "even")

    def _line_of(self, position: int) -> int:
        return next((number for number, line in enumerate(self._lines) if position <= line[-1]), 0)

    def _select(self, position: int) -> None:
        if self.shown is not None and self.shown.tokens:
            position = max(0, min(position, len(self.shown.tokens) - 1))
            self.cursor = position  # at once: the next key may be here before the screen's word is
            self.post_message(self.TokenMoved(position))

    def action_token(self, by: int) -> None:
        """Select the next or previous token."""
        self._select(0 if self.cursor is None else self.cursor + by)

    def action_token_line(self, by: int) -> None:
        """Select the token above or below."""
        if self.cursor is None or not self._lines:
            self._select(0)
            return
        number = self._line_of(self.cursor)
        target = self._lines[max(0, min(number + by, len(self._lines) - 1))]
        place = self.cursor - self._lines[number][0]  # behind the end where what is drawn is of fewer tokens
        self._select(target[max(0, min(place, len(target) - 1))])

    def action_page(self, by: int) -> None:
        """Move by a screenful of lines."""
        self.action_token_line(by * max(1, self.room // self._shown_depth()))

    def action_token_edge(self, to: int) -> None:
        """Select the first or the last token."""
        self._select(0 if to < 0 else len(self._pieces))

    def action_detail(self) -> None:
        """Show pieces only, with ids, with mask and type ids, or with the norms of the hidden states too."""
        self._depth = {1: 2, 2: 4, 4: 5, 5: 1}[self._shown_depth()]
        self.redraw()

    def action_sequence(self, by: int) -> None:
        """Show another sequence."""
        if self.tokenized is not None:
            number = max(0, min(self.sequence + by, len(self.tokenized.sequences) - 1))
            self.post_message(self.SequenceMoved(number))

    def action_clear(self) -> None:
        """Select no token."""
        self.post_message(self.Cleared())

    def action_edit(self) -> None:
        """Go to the selected token's characters in the input."""
        self.post_message(self.EditRequested())

    def on_click(self, event: events.Click) -> None:
        """A click selects a token."""
        offset = event.get_content_offset(self)
        if offset is None or not self._lines:
            return
        number = (offset.y + self.scroll_offset.y) // self._shown_depth()
        if number >= len(self._lines):
            return
        right = _GUTTER_CELLS
        for position in self._lines[number]:
            right += self._widths[position] + 1
            if offset.x < right:
                self._select(position)
                return

    def plain(self) -> str:
        """Pieces and ids, one token a line."""
        tokens = self.shown.tokens if self.shown else ()
        return "\n".join(f"{position}\t{visible(t.text)}\t{t.id}" for position, t in enumerate(tokens))
