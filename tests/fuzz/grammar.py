"""Sequences of keys that go somewhere, do things there and leave; a pure function of seed and number."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.fuzz import hostile
from tests.fuzz.items import Engine, Gap, Item, Probe, Quiet, Resize, Round, Type
from tests.fuzz.keyboard import ANY, BARE_ESCAPE, DIGIT_ALT, ESCAPE, OWN, QUITS, of_room
from tests.fuzz.places import PLACES, Place
from tui.tasks import TASKS

SIZES = ((80, 24), (80, 24), (120, 40), (100, 30), (60, 16), (200, 50))
SMALL = (
    (1, 1),
    (2, 2),
    (1, 40),
    (300, 1),
    (20, 5),
    (59, 16),
    (60, 15),
    (40, 12),
    (80, 3),
    (8, 60),
    (300, 100),
)
_MOVES = of_room("rows") + of_room("tokens")[:8] + (b"\r", b" ", b"\t")
_LETTERS = "aeinst oqrw019,.'🙂é中"


class Typist:
    """Makes one round's items."""

    def __init__(self, chance: random.Random, columns: int, rows: int) -> None:
        self._chance = chance
        self._columns, self._rows = columns, rows
        self._last = b"\t"
        self._deeds: tuple[tuple[float, Callable[[], Iterator[Item]]], ...] = (
            (9.0, self._any_own),
            (6.0, self._any),
            (8.0, self._moves),
            (5.0, self._repeat),
            (4.0, self._words),
            (3.0, self._mouse),
            (1.6, self._paste),
            (1.2, self._resize),
            (0.8, self._focus),
            (1.2, self._broken),
            (0.6, self._reply),
            (1.0, self._escapes),
            (0.12, self._engine),
        )

    def visits(self, keys: int) -> Iterator[Item]:
        """Visits to places until so many keys are typed."""
        typed = 0
        while typed < keys:
            place = self._chance.choices(PLACES, [place.weight for place in PLACES])[0]
            for item in self._visit(place):
                typed += item.keys * item.repeat if isinstance(item, Type) else 0
                yield item

    def _visit(self, place: Place) -> Iterator[Item]:
        chance = self._chance
        if chance.random() < 0.8:
            for _ in range(chance.choice((1, 2, 3, 4))):
                yield from self._press(ESCAPE)
        for data in place.way:
            yield from self._press(data)
        if chance.random() < 0.2:
            yield Quiet()
        for _ in range(min(60, 3 + int(chance.expovariate(1 / 12)))):
            if chance.random() < 0.55:
                yield from self._press(chance.choice(place.keys))
            else:
                yield from self._other()
            if chance.random() < 0.004:
                yield Probe()
        if chance.random() < 0.3:
            yield Quiet()

    def _other(self) -> Iterator[Item]:
        weights = [weight for weight, _ in self._deeds]
        yield from self._chance.choices([deed for _, deed in self._deeds], weights)[0]()

    def _press(self, data: bytes, repeat: int = 1) -> Iterator[Item]:
        self._last = data
        yield Type(data, repeat)
        yield from self._gap()

    def _gap(self) -> Iterator[Item]:
        draw = self._chance.random()
        if draw < 0.45:
            return
        if draw < 0.75:
            yield Gap()
        elif draw < 0.97:
            yield Gap(round(self._chance.uniform(0.001, 0.04), 3))
        else:
            yield Quiet()

    def _any_own(self) -> Iterator[Item]:
        yield from self._press(self._chance.choice(OWN))

    def _any(self) -> Iterator[Item]:
        data = self._chance.choice(ANY)
        if len(data) > 1 and self._chance.random() < 0.15:  # halves of it, in two packets
            cut = self._chance.randrange(1, len(data))
            yield Type(data[:cut], 1, 0)
            yield Gap(self._chance.choice((0.0, 0.005, 0.12)))
            yield Type(data[cut:])
        else:
            yield from self._press(data)

    def _moves(self) -> Iterator[Item]:
        yield from self._press(self._chance.choice(_MOVES))

    def _repeat(self) -> Iterator[Item]:
        yield from self._press(self._last, self._chance.randint(2, 6))

    def _words(self) -> Iterator[Item]:
        for _ in range(self._chance.randint(1, 8)):
            yield Type(self._chance.choice(_LETTERS).encode())
        yield from self._gap()

    def _escapes(self) -> Iterator[Item]:
        yield Type(BARE_ESCAPE)
        draw = self._chance.random()
        if draw < 0.3:
            yield Gap(0.12)
        elif draw < 0.6:
            yield Gap(round(self._chance.uniform(0.0, 0.15), 3))
        yield Type(self._chance.choice((*DIGIT_ALT, b"\x1b", b"[", b"O", b"\r", b"h")))
        yield from self._gap()

    def _focus(self) -> Iterator[Item]:
        for _ in range(self._chance.randint(1, 3)):
            yield from self._press(self._chance.choice(hostile.FOCUS))

    def _broken(self) -> Iterator[Item]:
        yield from self._press(self._chance.choice(hostile.BROKEN))

    def _reply(self) -> Iterator[Item]:
        yield from self._press(self._chance.choice(hostile.REPLIES))

    def _place_on_screen(self) -> tuple[int, int]:
        if self._chance.random() < 0.15:
            return self._chance.choice((0, 1, self._columns + 5, 9999)), self._chance.choice(
                (0, 1, self._rows, 9999)
            )
        return self._chance.randint(1, max(1, self._columns)), self._chance.randint(1, max(1, self._rows))

    def _mouse(self) -> Iterator[Item]:
        chance = self._chance
        x, y = self._place_on_screen()
        draw = chance.random()
        if draw < 0.45:
            button = chance.choice((0, 0, 0, 1, 2, 4, 16))
            for _ in range(chance.choice((1, 1, 2, 3))):
                yield Type(f"\x1b[<{button};{x};{y}M".encode())
                yield Type(f"\x1b[<{button};{x};{y}m".encode(), 1, 0)
        elif draw < 0.7:
            yield Type(
                f"\x1b[<{chance.choice((64, 65, 66, 67, 68, 80))};{x};{y}M".encode(), chance.randint(1, 8)
            )
        elif draw < 0.9:
            yield Type(f"\x1b[<0;{x};{y}M".encode())
            for _ in range(chance.randint(1, 6)):
                x, y = self._place_on_screen()
                yield Type(f"\x1b[<32;{x};{y}M".encode())
                yield from self._gap()
            if chance.random() < 0.8:
                yield Type(f"\x1b[<0;{x};{y}m".encode(), 1, 0)
        else:
            yield Type(f"\x1b[<35;{x};{y}M".encode())
        yield from self._gap()

    def _paste(self) -> Iterator[Item]:
        chance = self._chance
        text = chance.choice(hostile.TEXTS).encode("utf-8", "surrogatepass")
        repeat = 1
        draw = chance.random()
        if text and draw < 0.08:
            repeat = max(1, int(chance.choice((1_000, 10_000, hostile.MEGA)) / len(text)))
        yield Type(hostile.BEGIN, 1, 0)
        yield Type(text, repeat, 0)
        if draw > 0.97:  # it never ends, or long after
            yield Gap(0.05)
            for _ in range(chance.randint(1, 10)):
                yield from self._press(chance.choice(OWN))
        if chance.random() < 0.1:
            yield Gap(0.01)
        yield Type(hostile.END)
        yield from self._gap()

    def _resize(self) -> Iterator[Item]:
        chance = self._chance
        for _ in range(chance.choice((1, 1, 2, 3, 5))):
            draw = chance.random()
            if draw < 0.35:
                yield self._sized(*chance.choice(SMALL))
            elif draw < 0.7:
                yield self._sized(chance.randint(1, 140), chance.randint(1, 50))
            else:
                yield self._sized(*chance.choice(SIZES))
            if chance.random() < 0.5:
                yield from self._press(chance.choice(_MOVES))
        if chance.random() < 0.75:
            yield self._sized(*chance.choice(SIZES))

    def _sized(self, columns: int, rows: int) -> Resize:
        self._columns, self._rows = columns, rows
        return Resize(columns, rows)

    def _engine(self) -> Iterator[Item]:
        if self._chance.random() < 0.6:
            yield Engine("kill")
            return
        yield Engine("stop")
        for _ in range(self._chance.randint(1, 12)):
            yield from self._press(self._chance.choice(OWN))
        yield Engine(self._chance.choice(("cont", "cont", "kill")))


def round_of(seed: int, number: int, keys: int) -> Round:
    """Round `number` of a seed: the same items every time."""
    chance = random.Random(f"{seed}:{number}")
    columns, rows = chance.choice(SMALL if chance.random() < 0.06 else SIZES)
    arguments = ["--task", list(TASKS)[number % len(TASKS)]]
    if chance.random() < 0.25:
        text = chance.choice([text for text in hostile.TEXTS if "\x00" not in text])
        arguments += [f"--text={text}"]
    if chance.random() < 0.3:
        arguments += ["--resume"]
    items: list[Item] = []
    draw = chance.random()
    if draw < 0.5:
        items.append(Quiet(engine=True))
    elif draw < 0.8:
        items.append(Quiet())
    items += Typist(chance, columns, rows).visits(keys)
    if chance.random() < 0.3:
        items += [
            Type(chance.choice(QUITS)),
            *(Type(chance.choice(OWN)) for _ in range(chance.randint(0, 5))),
        ]
    return Round(tuple(arguments), columns, rows, tuple(items))
