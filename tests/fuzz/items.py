"""What a sequence is made of, and how it is written down."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias, get_args

EngineSignal: TypeAlias = Literal["kill", "stop", "cont"]


class Type(NamedTuple):
    """Bytes that a terminal sends for one key; those of neighbors go in one packet."""

    data: bytes
    repeat: int = 1
    """How often, one after the other."""
    keys: int = 1
    """Keys, mouse events or pastes that these bytes count as."""


class Gap(NamedTuple):
    """The packet ends here; the next one follows after so long."""

    seconds: float = 0.0


class Quiet(NamedTuple):
    """The packet ends here; the next one follows when the screen rests, and the engine too if it says so."""

    engine: bool = False


class Probe(NamedTuple):
    """The screen is asked for a sign of life once it rests."""


class Resize(NamedTuple):
    """The terminal gets another size."""

    columns: int
    rows: int


class Engine(NamedTuple):
    """The engine's processes get a signal."""

    signal: EngineSignal


Item: TypeAlias = Type | Gap | Quiet | Probe | Resize | Engine


class Round(NamedTuple):
    """One start of the program and all that happens to it."""

    arguments: tuple[str, ...]
    columns: int
    rows: int
    items: tuple[Item, ...]

    @property
    def keys(self) -> int:
        """How many keys are typed in it."""
        return sum(item.keys * item.repeat for item in self.items if isinstance(item, Type))


def written(item: Item) -> list[Any]:
    """An item as JSON has it: bytes as characters of the same numbers."""
    if isinstance(item, Type):
        return ["type", item.data.decode("latin-1"), item.repeat, item.keys]
    return [type(item).__name__.lower(), *item]


def read(value: list[Any]) -> Item:
    """The item that was written. Raises ValueError.

    >>> all(read(written(item)) == item for item in (Type(b"\\xe2a", 3), Gap(0.5), Resize(1, 2), Engine("kill")))
    True
    """
    name, *rest = value
    match name:
        case "type":
            data, repeat, keys = rest
            return Type(data.encode("latin-1"), repeat, keys)
        case "gap":
            return Gap(*rest)
        case "quiet":
            return Quiet(*rest)
        case "probe":
            return Probe()
        case "resize":
            return Resize(*rest)
        case "engine" if rest[0] in get_args(EngineSignal):
            return Engine(*rest)
    raise ValueError(f"{value} is no item")


def written_round(played: Round) -> dict[str, Any]:
    """A round as JSON has it."""
    return {
        "arguments": list(played.arguments),
        "columns": played.columns,
        "rows": played.rows,
        "items": [written(item) for item in played.items],
    }


def read_round(value: dict[str, Any]) -> Round:
    """The round that was written."""
    return Round(
        tuple(value["arguments"]),
        value["columns"],
        value["rows"],
        tuple(read(item) for item in value["items"]),
    )
