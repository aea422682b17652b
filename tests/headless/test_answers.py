"""Each kind of answer as plain text: the answer first, what is cut is said, hostile text can do no harm."""

from __future__ import annotations

import math
import re
from typing import Any

from tui.headless import answers
from tui.headless.output import as_text
from tui.headless.reading import Reply
from tui.protocol import Answered, Loaded, Readout, Tokenized
from tui.protocol.answers import (
    AnyView,
    Candidate,
    Classified,
    Entity,
    Extracted,
    Featured,
    Fill,
    Filled,
    Generated,
    GenerationSetting,
    LabelVerdict,
    Mask,
    Ranked,
    Score,
    Scored,
    Span,
    Strategy,
    Tagged,
    TokenScore,
    TokenSpan,
    Window,
    WrittenToken,
)
from tui.protocol.checkpoints import Checkpoint, Memory
from tui.protocol.rows import ReadoutSettings, Row, RowAddress
from tui.protocol.tokens import Token, TokenSequence

EVIL = "\x1b[31m\u202e\n"
SHOWN = "\\x1b[31m\\u202e\\n"


def sequence(*texts: str, name: str = "", field: int = 0) -> TokenSequence:
    tokens = tuple(Token(number, text, 0, 1, False, 1, 0, 0, field) for number, text in enumerate(texts))
    return TokenSequence(tokens, len(tokens), (None,), name)


def reading(task: str, view: AnyView, *sequences: TokenSequence, text: str = "hello") -> Reply:
    loaded = Loaded(1, Checkpoint("m", "m", "folder"), task, "cpu", "", "float32", 1, 0.5, Memory(None, None))
    rows = (Row(1, f"a{EVIL}", 2.0, 2.0, 0.0, 1.0, 0.5), Row(0, "b", 1.0, 1.0, -1.0, 0.37, 0.2))
    readout = Readout(
        2, ReadoutSettings(), "softmax", "", rows, 400, 0.3, 2.0, 1.0, 1.0, RowAddress(), f"mask{EVIL}"
    )
    inputs = {"question" if task == "question-answering" else "text": text}
    tokenized = Tokenized(2, "m", sequences or (sequence("x"),), 512, 0.0)
    return Reply(task, inputs, loaded, tokenized, readout, Answered(2, [], view, 0.004))


def lines(task: str, view: AnyView, *sequences: TokenSequence, text: str = "hello") -> list[str]:
    """The answer and what follows it, all of it printable; columns are two spaces apart."""
    answer, details = answers.lines(view, reading(task, view, *sequences, text=text))
    assert all(char.isprintable() for line in (answer, *details) for char in line)
    return [closer(line) for line in (answer, *details)]


def closer(line: str) -> str:
    return re.sub(" {2,}", "  ", line)


def test_classified() -> None:
    view = Classified((Score(f"good{EVIL}", 0.75), Score("bad", math.nan)), note=f"note{EVIL}")
    assert lines("sentiment-analysis", view) == [f"good{SHOWN} 0.750000, bad nan", f"  note{SHOWN}"]


def test_ranked() -> None:
    verdicts = (
        LabelVerdict(f"film{EVIL}", 0, f"It is film{EVIL}.", 0, (0.5, -1.0), 0.9),
        LabelVerdict("東京", 6, "It is 東京.", 1, (-0.5, 1e-6), 0.1),
    )
    assert lines("zero-shot-classification", Ranked(("ENT", "CON"), 0, None, False, verdicts)) == [
        f"film{SHOWN} 0.900000",
        "  scores: softmax of ENT over all labels; logits of ENT, CON",
        "  label  score  ENT  CON  hypothesis",
        f"  film{SHOWN}  0.900000  0.500000  -1.000000  “It is film{SHOWN}.”",
        "  東京  0.100000  -0.500000  1.000e-06  “It is 東京.”",
    ]
    alone = lines("zero-shot-classification", Ranked(("ENT", "CON"), 0, 1, True, verdicts))
    assert "each label by itself, softmax of ENT against CON" in alone[1]
    many = lines("zero-shot-classification", Ranked(("ENT", "CON"), 0, None, False, verdicts * 40))
    assert many[-1] == "  the first 50 of 80 labels"


def test_scored() -> None:
    view = Scored(
        tokens=(TokenScore(None, None, None), TokenScore(0.25, 1200, 2.0)),
        perplexity=4.0,
        total_bits=2.0,
        characters=4,
        text_bytes=4,
        next=(Candidate(7, f" on{EVIL}", 0.5),),
        continuation=f" on{EVIL}",
        written=1,
        stopped="max_new_tokens 1",
        rendered=f"<user>{EVIL}",
        note="cut",
    )
    assert lines("text-generation", view, sequence("a", f"b{EVIL}")) == [
        f"→ “ on{SHOWN}”",
        "  wrote 1 token; ended by max_new_tokens 1",
        f"  prompt by the chat template: <user>{SHOWN}",
        "  perplexity 4.000000; 2.000000 bits over 1 token; 0.500000 bits per byte",
        "  note: cut",
        "  tokens of the prompt",
        "  position  token  probability  rank  surprisal in bits",
        "  0  “a”  –  –  –",
        f"  1  “b{SHOWN}”  0.250000  1,200  2.000000",
        "  next token: the likeliest 1",
        "  id  token  probability",
        f"  7  “ on{SHOWN}”  0.500000",
    ]
    unknown = Scored((TokenScore(None, None, None),), None, None, None, None, ())
    assert lines("text-generation", unknown)[:2] == [
        "→ nothing written",
        "  perplexity –: no token has others before it",
    ]
    long = Scored((TokenScore(0.5, 1, 1.0),) * 300, 2.0, 300.0, None, None, ())
    assert "  the first 100 of 300 tokens" in lines("text-generation", long, sequence(*"ab" * 150))


def test_filled() -> None:
    fills = (
        Fill(9, f"film{EVIL}", 0.5, f"a film{EVIL}.", 2, "film"),
        Fill(10, "dog", 0.25, "a dog.", 2, "dog"),
    )
    masks = (Mask(2, 2, 8, fills), Mask(5, None, None, fills[1:]))
    assert lines("fill-mask", Filled(masks, "[MASK]", 7000, f"no such word{EVIL}")) == [
        f"“film{SHOWN}” 0.500000, “dog” 0.250000",
        "  note: no such word\\x1b[31m\\u202e",
        "  [MASK] at position 2, characters 2 to 8: top 2 of 7,000, which hold 0.750000",
        "  token  score  id  sentence",
        f"  “film{SHOWN}”  0.500000  9  a film{SHOWN}.",
        "  “dog”  0.250000  10  a dog.",
        "  [MASK] at position 5: top 1 of 7,000, which hold 0.250000",
        "  token  score  id  sentence",
        "  “dog”  0.250000  10  a dog.",
    ]


def test_tagged() -> None:
    entity = Entity(f"PER{EVIL}", 0.9, 0, 3, "ada", 0, 1, 1)
    placeless = Entity("LOC", 0.8, None, None, f"paris{EVIL}", 0, 2, 2)
    strategies = (
        Strategy("simple", (entity, placeless)),
        Strategy("first", (), f"no words{EVIL}"),
        Strategy("max", (entity,)),
        Strategy("none", ()),
    )
    view = Tagged(("O", f"PER{EVIL}"), (((0.1, 0.9),),), strategies, "simple")
    assert lines("ner", view, sequence(f"Ada{EVIL}"), text=f"A\x07a{EVIL}") == [
        f"PER{SHOWN} “A\\x07a”, LOC “paris{SHOWN}”",
        "  entity  score  characters  text  word",
        f"  PER{SHOWN}  0.900000  0–3  “A\\x07a”  “ada”",
        f"  LOC  0.800000  –  “paris{SHOWN}”  “paris{SHOWN}”",
        "  strategy simple: 2 entities",
        f"  strategy first: no words{SHOWN}",
        "  strategy max: 1 entity",
        "  strategy none: no entity",
        "  tokens, each with its likeliest label",
        "  token  label  probability",
        f"  “Ada{SHOWN}”  PER{SHOWN}  0.900000",
    ]
    none = Tagged(("O",), (((1.0,),),), (Strategy("simple", ()),), "simple")
    assert lines("ner", none, sequence("x"))[0] == "no entity"
    many = Tagged(("O",), (((1.0,),),), (Strategy("simple", (entity,) * 150),), "simple")
    written = lines("ner", many, sequence("x"))
    assert written[0].endswith(" and 130 more")
    assert "  the first 100 of 150 entities" in written


def extracted(spans: tuple[Span, ...], windows: tuple[Window, ...], **values: Any) -> Extracted:
    known = {"weighed": 0, "top_k": 1, "max_answer_len": 15, "null_score": 0.2, "impossible": False}
    return Extracted(spans=spans, windows=windows, **known | values)


def test_extracted() -> None:
    window = Window((1.0, 2.0), (2.0, 1.0), (0.1, 0.9), (0.8, 0.2), (True, True), 0.08)
    spans = (
        Span(f"Ada{EVIL}", 4, 7, 0.6, (TokenSpan(1, 5, 5, 0.6, 3.5, 2.25),)),
        Span("", 0, 0, 0.2, (), no_answer=True),
        *[Span("x", 0, 1, 0.01, ())] * 12,
    )
    view = extracted(spans, (window, window), weighed=140, top_k=2, impossible=True, note=f"note{EVIL}")
    written = lines("question-answering", view)
    assert written[:4] == [
        f"“Ada{SHOWN}” 0.600000, no answer 0.200000",
        "  answer  score  characters  window  start logit  end logit",
        f"  “Ada{SHOWN}”  0.600000  4–7  2  3.500000  2.250000",
        "  no answer  0.200000  –  –  –  –",
    ]
    assert written[12:] == [
        "  the first 10 of 140 spans that were weighed",
        "  no answer: 0.200000, which could win",
        "  2 windows; a span has at most 15 tokens",
        "  a score is the probability of its start times that of its end, summed over spans that read alike",
        f"  note: note{SHOWN}",
    ]
    nothing = lines("question-answering", extracted((), (window,)))
    assert nothing[:2] == ["no span fits", "  no answer: 0.200000, which was not allowed to win"]


def test_generated() -> None:
    written = (
        WrittenToken(0, "<s>", None, None, (), forced_by="decoder_start_token_id"),
        WrittenToken(5, f"Hi{EVIL}", 0.5, 1, (Candidate(5, f"Hi{EVIL}", 0.5), Candidate(6, "Ho", 0.25))),
    )
    view = Generated(
        text=f"Hi{EVIL}",
        tokens=written,
        sequence=1,
        prefix=f"translate{EVIL}: ",
        source=(GenerationSetting("prefix", f"translate{EVIL}: ", "yours"),),
        settings=(GenerationSetting("num_beams", "2", "generation_config.json"),),
        log_probability=-0.693147,
        stopped="the end token",
        beam_score=-0.34,
        note="a note",
    )
    assert lines("translation", view, sequence("x"), sequence("<s>", "Hi", name="decoder")) == [
        f"“Hi{SHOWN}”",
        "  log probability -0.693147; beam score -0.340000; ended by the end token",
        f"  put before the text: “translate{SHOWN}: ”",
        "  note: a note",
        "  position  token  probability  rank  likeliest",
        "  0  “<s>”  –  –  forced by decoder_start_token_id",
        f"  1  “Hi{SHOWN}”  0.500000  1  “Hi{SHOWN}” 0.500000, “Ho” 0.250000",
        "  settings",
        f"  prefix  translate{SHOWN}:  (yours)",
        "  num_beams  2  (generation_config.json)",
    ]
    nothing = Generated("", (), 1, "", (), (), None, "")
    assert lines("summarization", nothing)[:2] == ["nothing written", "  log probability –"]


def test_featured() -> None:
    view = Featured(
        width=2,
        norms=((1.0,), (2.0,)),
        pooled=((0.5, -1.0), (0.25, 4.0)),
        pooling="mean",
        cosine=-0.5,
        between_tokens=((0.125,),),
        closest=((0,), (None,)),
        note=f"note{EVIL}",
    )
    both = (sequence(f"a{EVIL}", name="first text"), sequence("b", name="second text", field=1))
    assert lines("feature-extraction", view, *both) == [
        "cosine -0.500000 between the texts; 2 vectors of 2 numbers",
        "  one vector by pooling: mean; the first 2 numbers",
        "  first text  0.500000  -1.000000",
        "  second text  0.250000  4.000000",
        f"  note: note{SHOWN}",
        "  token  length of its vector  most like",
        f"  “a{SHOWN}”  1.000000  “b” at 0, cosine 0.125000",
        "  “b”  2.000000  –",
    ]


def test_the_row_of_logits_follows_with_what_is_not_shown() -> None:
    view = Filled((Mask(1, 0, 6, (Fill(1, "a", 0.5, "a", 0, "a"),)),), "[MASK]", 400)
    written = [closer(line) for line in as_text(reading("fill-mask", view)).split("\n")]
    assert written[:2] == ["hello", "“a” 0.500000  (1 token, 4 ms)"]
    assert written[-4:] == [
        f"  logits, mask{SHOWN}: top 2 of 400; the other 398 hold 0.300000",
        "  label  logit  probability (softmax)",
        f"  a{SHOWN}  2.000000  0.500000",
        "  b  1.000000  0.200000",
    ]


def test_what_was_not_read_is_named_by_its_field() -> None:
    tokens = (Token(0, "a", 5, 6, False, 1, 0, 0, 0), Token(1, "b", 0, 1, False, 1, 1, 0, 1))
    view = Classified((Score("a", 1.0),))
    cut = TokenSequence(tokens, 40, (2, 1))
    second = as_text(reading("sentiment-analysis", view, cut)).split("\n")[1]
    assert "first 2 of 40 tokens; characters 2 to 4 are not read" in second
    assert "characters from 1 on of text_pair are not read" in second
