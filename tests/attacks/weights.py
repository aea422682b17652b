"""Attacks by the weights: safetensors, indexes of shards, pickles."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.attacks import checkpoints
from tests.attacks.attack import EXECUTED, Attack, Make, both, content, removed

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = "pytorch_model.bin"
Header = dict[str, Any]


def parts(raw: bytes) -> tuple[Header, bytes]:
    length = struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def header(change: Callable[[Header], object]) -> Make:
    """Change the header of the weights."""

    def changed(raw: bytes) -> bytes:
        written, body = parts(raw)
        change(written)
        return checkpoints.with_header(written, body)

    return content(WEIGHTS, changed)


def tensor(name: str, **changes: Any) -> Make:
    return header(lambda written: written[name].update(changes))


def numbers(value: float) -> Make:
    """All weights the same."""

    def changed(raw: bytes) -> bytes:
        written, body = parts(raw)
        return checkpoints.with_header(written, struct.pack("<f", value) * (len(body) // 4))

    return content(WEIGHTS, changed)


def length(claimed: int) -> Make:
    return content(WEIGHTS, lambda raw: struct.pack("<Q", claimed) + raw[8:])


def safetensors(name: str, make: Make, *says: str, refused: bool | None = True) -> Attack:
    return Attack(f"safetensors-{name}", make, refused=refused, says=(WEIGHTS, *says) if refused else says)


def twice(raw: bytes) -> bytes:
    size = struct.unpack("<Q", raw[:8])[0]
    written = raw[8 : 8 + size].decode()
    first = written.index('"classifier.bias"')
    entry = written[first : written.index("}", first) + 1]
    return checkpoints.with_header(f"{written[:-1]}, {entry}}}".encode(), raw[8 + size :])


def zipped_behind(raw: bytes) -> bytes:
    packed = io.BytesIO(raw)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("evil.py", "import os")
    return packed.getvalue()


def many_tensors(written: Header) -> None:
    written.update({f"t{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(10**6)})


BIAS, HEAD = "classifier.bias", "classifier.weight"
SAFETENSORS = (
    safetensors("header-0", length(0)),
    safetensors("header-beyond", length(10**6)),
    safetensors("header-2-63", length(2**63)),
    safetensors("header-2-64", length(2**64 - 1)),
    safetensors("header-above-100-mb", both(length(100_000_001), lambda folder: os.truncate(folder / WEIGHTS, 10**9))),
    safetensors("header-brackets", content(WEIGHTS, lambda _: checkpoints.with_header(b"[" * 10**7, b""))),
    safetensors("header-no-json", content(WEIGHTS, checkpoints.with_header(b"\xff\xfe{}", b""))),
    safetensors("header-list", content(WEIGHTS, checkpoints.with_header([], b""))),
    safetensors("header-empty", content(WEIGHTS, checkpoints.with_header({}, b"")), refused=None),
    safetensors("header-words", header(lambda written: written.update({BIAS: "x"}))),
    safetensors("header-metadata", header(lambda written: written.update({"__metadata__": [1]})), refused=None),
    safetensors("header-metadata-escape", header(lambda written: written.update({"__metadata__": {"format": "\x1b[31m"}})), refused=None),
    safetensors("header-million", header(many_tensors), refused=None),
    safetensors("empty", content(WEIGHTS, b"")),
    safetensors("8-bytes", content(WEIGHTS, b"\x02" + bytes(7))),
    safetensors("overlapping", tensor(BIAS, data_offsets=[0, 8])),
    safetensors("reversed", tensor(BIAS, data_offsets=[16, 8])),
    safetensors("overflowing", tensor(BIAS, data_offsets=[2**63, 2**63 + 8])),
    safetensors("overflowing-shape", tensor(BIAS, shape=[2**32, 2**32])),
    safetensors("shape-2-62", tensor(BIAS, shape=[2**62, 4], data_offsets=[0, 0])),
    safetensors("shape-negative", tensor(BIAS, shape=[-2])),
    safetensors("shape-float", tensor(BIAS, shape=[2.0])),
    safetensors("shape-true", tensor(BIAS, shape=[True, True])),
    safetensors("shape-huge-and-0", tensor(BIAS, shape=[0, 2**61], data_offsets=[0, 0])),
    safetensors("shape-of-thousand-sides", tensor(BIAS, shape=[1] * 1000 + [2]), refused=None),
    safetensors("offsets-negative", tensor(BIAS, data_offsets=[-8, 0])),
    safetensors("offsets-string", tensor(BIAS, data_offsets="ab")),
    safetensors("offsets-three", tensor(BIAS, data_offsets=[0, 4, 8])),
    safetensors("hole", header(lambda written: written.pop("bert.pooler.dense.bias"))),
    safetensors("key-twice", content(WEIGHTS, twice), "twice"),
    safetensors("unknown-format", tensor(BIAS, dtype="F31"), "F31"),
    safetensors("format-list", tensor(BIAS, dtype=["F32"])),
    safetensors("other-format", tensor(BIAS, dtype="I32"), refused=None),
    safetensors("one-byte-short", content(WEIGHTS, lambda raw: raw[:-1]), "short"),
    safetensors("one-byte-long", content(WEIGHTS, lambda raw: raw + b"\0")),
    safetensors("also-a-zip", content(WEIGHTS, zipped_behind)),
    safetensors("nan", numbers(float("nan")), refused=None),
    safetensors("infinity", numbers(float("inf")), refused=None),
    safetensors("zeros", numbers(0.0), refused=None),
    safetensors("largest", numbers(3.4e38), refused=None),
    safetensors("other-shape", tensor(HEAD, shape=[4, 4]), refused=None),
    safetensors("names-escape", header(lambda written: written.update({"\x1b]52;c;YQ==\x07": written.pop(BIAS)})), refused=None),
    safetensors("name-of-megabyte", header(lambda written: written.update({"a" * 10**6: written.pop(BIAS)})), refused=None),
)  # fmt: skip


def sharded(change: Callable[[dict[str, str], Path], object]) -> Make:
    """The weights in two shards, and their index changed."""

    def make(folder: Path) -> None:
        written, body = parts((folder / WEIGHTS).read_bytes())
        names = list(written)
        weight_map: dict[str, str] = {}
        for number, half in enumerate((names[:10], names[10:]), 1):
            shard, own, at = f"model-{number:05}-of-00002.safetensors", {}, bytearray()
            for name in half:
                begin, end = written[name]["data_offsets"]
                own[name] = written[name] | {"data_offsets": [len(at), len(at) + end - begin]}
                at += body[begin:end]
                weight_map[name] = shard
            (folder / shard).write_bytes(checkpoints.with_header(own, bytes(at)))
        (folder / WEIGHTS).unlink()
        change(weight_map, folder)
        checkpoints.write_json(folder / INDEX, {"metadata": {"total_size": 1}, "weight_map": weight_map})

    return make


def to(name: Any) -> Callable[[dict[str, Any], Path], None]:
    return lambda weight_map, _: weight_map.update({BIAS: name})


def outside(weight_map: dict[str, str], folder: Path) -> str:
    """Move a shard out of the folder; where it is from there."""
    first = next(iter(weight_map.values()))
    (folder / first).rename(folder.parent / "outside" / first)
    return first


def linked(weight_map: dict[str, str], folder: Path) -> None:
    name = outside(weight_map, folder)
    (folder / name).symlink_to(Path("..") / "outside" / name)


def climbing(weight_map: dict[str, str], folder: Path) -> None:
    name = outside(weight_map, folder)
    weight_map.update({key: f"../outside/{name}" for key, shard in weight_map.items() if shard == name})


def absolute(weight_map: dict[str, str], folder: Path) -> None:
    name = outside(weight_map, folder)
    place = str(folder.parent / "outside" / name)
    weight_map.update({key: place for key, shard in weight_map.items() if shard == name})


def into_a_link(weight_map: dict[str, str], folder: Path) -> None:
    name = outside(weight_map, folder)
    (folder / "sub").symlink_to(Path("..") / "outside")
    weight_map.update({key: f"sub/{name}" for key, shard in weight_map.items() if shard == name})


def instead(place: Callable[[Path], object]) -> Callable[[dict[str, str], Path], None]:
    """Something else in the place of a shard."""

    def change(weight_map: dict[str, str], folder: Path) -> None:
        shard = folder / next(iter(weight_map.values()))
        shard.unlink()
        place(shard)

    return change


def in_two(weight_map: dict[str, str], folder: Path) -> None:
    first, second = sorted(set(weight_map.values()))
    (folder / second).write_bytes((folder / first).read_bytes())


def index(
    name: str, change: Callable[[dict[str, Any], Path], object], *says: str, refused: bool | None = True
) -> Attack:
    return Attack(f"index-{name}", sharded(change), refused=refused, says=says)


SHARDS = (
    index("good", lambda *_: None, refused=False),
    index("climbing", climbing, "leaves the folder"),
    index("absolute", absolute, "leaves the folder"),
    index("link-out", linked, "leaves the folder"),
    index("link-out-by-folder", into_a_link, "leaves the folder"),
    index("dots-inside", to("sub/../model-00001-of-00002.safetensors"), "leaves the folder"),
    index("missing", instead(lambda _: None), "missing"),
    index("broken-link", instead(lambda shard: shard.symlink_to("nowhere")), "missing"),
    index("link-to-itself", instead(lambda shard: shard.symlink_to(shard.name)), "model-00001"),
    index("pipe", instead(lambda shard: os.mkfifo(shard)), "pipe"),
    index("zero", instead(lambda shard: shard.symlink_to("/dev/zero")), "device"),
    index("folder", instead(lambda shard: shard.mkdir()), "folder"),
    index("tensor-in-two", in_two, "both in"),
    index("list", to(["model-00001-of-00002.safetensors"]), "no name"),
    index("number", to(7), "no name"),
    index("null", to(None), "no name"),
    index("empty-name", to(""), "no name"),
    index("nul", to("a\0b"), "leaves the folder"),
    index("long-name", to("a" * 10_000 + ".safetensors")),
    index("escape", to("\x1b]52;c;YQ==\x07.safetensors"), "missing"),
    index("surrogate", to("\ud800.safetensors")),
    index("million-names", lambda weight_map, _: weight_map.update({f"{n}": f"{n}.safetensors" for n in range(10**6)}), "missing"),
    index("itself", to(INDEX)),
    index("pickle", to("config.json")),
    Attack("index-map-list", both(sharded(lambda *_: None), content(INDEX, b'{"weight_map": [1]}')), refused=True, says=("weight_map",)),
    Attack("index-no-map", both(sharded(lambda *_: None), content(INDEX, b"{}")), refused=True, says=("missing",)),
    Attack("index-is-list", both(sharded(lambda *_: None), content(INDEX, b"[]")), refused=True),
    Attack("index-brackets", both(sharded(lambda *_: None), content(INDEX, b"[" * 10**6)), refused=True, says=("nested",)),
    Attack("index-large", both(sharded(lambda *_: None), content(INDEX, lambda _: b" " * 10**8)), refused=True, says=("MB",)),
    Attack(
        "index-distributed",
        lambda folder: (folder / "shard-00001-model-00001-of-00001.safetensors").write_bytes(b""),
        refused=True,
    ),
)  # fmt: skip


class Call:
    """Unpickled, it calls a function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._call


def zipped(
    pickled: bytes, storage: bytes = b"", name: str = "data.pkl", compression: int = zipfile.ZIP_STORED
) -> bytes:
    """What torch.save writes, around any pickle."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        archive.writestr(f"archive/{name}", pickled)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/data/0", storage)
        archive.writestr("archive/version", "3\n")
    return packed.getvalue()


def tensor_pickle(count: int, shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> bytes:
    """A pickle of one tensor over storage 0, said to hold `count` numbers."""

    def text(words: str) -> bytes:
        return b"X" + struct.pack("<I", len(words)) + words.encode()

    def number(value: int) -> bytes:
        raw = value.to_bytes(9, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw

    def sides(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    storage = (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(count) + b"tQ"
    )
    built = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + sides(shape) + sides(stride)
    return b"\x80\x02}" + text(BIAS) + built + b"\x89ccollections\nOrderedDict\n)RtRs."


def pickled(name: str, written: bytes | Callable[[Path], bytes], refused: bool | None = True) -> Attack:
    def make(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / PICKLED).write_bytes(
            written if isinstance(written, bytes) else written(folder.parent / EXECUTED)
        )

    return Attack(f"pickle-{name}", make, refused=refused)


def opcodes(code: str) -> bytes:
    return code.encode("latin-1")


def touch(by: Callable[[str], object]) -> Callable[[Path], bytes]:
    """A pickle that would leave the file, in an archive of torch."""
    return lambda mark: zipped(pickle.dumps(by(str(mark)), protocol=2))


PICKLES = (
    pickled("os-system", touch(lambda mark: Call(os.system, f"touch {mark}"))),
    pickled("in-a-dict", touch(lambda mark: {BIAS: Call(os.system, f"touch {mark}")})),
    pickled("exec", touch(lambda mark: Call(exec, f"open({mark!r}, 'w')"))),
    pickled("eval", touch(lambda mark: Call(eval, f"open({mark!r}, 'w')"))),
    pickled("open", touch(lambda mark: Call(open, mark, "w"))),
    pickled("popen", touch(lambda mark: Call(os.popen, f"touch {mark}"))),
    pickled("getattr", touch(lambda _: Call(getattr, Call(__import__, "os"), "system"))),
    pickled("import", lambda mark: zipped(opcodes(f"cos\nsystem\n(S'touch {mark}'\ntR."))),
    pickled("instance", lambda mark: zipped(opcodes(f"(S'touch {mark}'\nios\nsystem\n."))),
    pickled("object", lambda mark: zipped(opcodes(f"(cos\nsystem\nS'touch {mark}'\no."))),
    pickled("builtins", lambda mark: zipped(opcodes(f"c__builtin__\neval\n(S\"open('{mark}', 'w')\"\ntR."))),
    pickled("through-torch", lambda mark: zipped(opcodes(f"ctorch.serialization\nos.system\n(S'touch {mark}'\ntR."))),
    pickled("torch-load", lambda mark: zipped(opcodes(f"ctorch\nload\n(S'{mark}'\ntR."))),
    pickled("set-state", lambda mark: zipped(opcodes(f"ccollections\nOrderedDict\n)R(S'x'\nS'{mark}'\ndb."))),
    pickled("extension", zipped(b"\x80\x02\x82\x01.")),
    pickled("persistent", zipped(b"\x80\x02X\x01\0\0\0aQ.")),
    pickled("legacy-os-system", lambda mark: pickle.dumps(Call(os.system, f"touch {mark}"), protocol=2)),
    pickled("legacy-behind-magic", lambda mark: b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02M\xe9\x03." + b"\x80\x02}." + opcodes(f"cos\nsystem\n(S'touch {mark}'\ntR.")),
    pickled("tar", b"ustar" * 200),
    pickled("empty", b""),
    pickled("junk", b"junk"),
    pickled("html", b"<!doctype html><title>404</title>"),
    pickled("cut-zip", zipped(pickle.dumps({}))[:60]),
    pickled("cut-magic", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."),
    pickled("no-pickle", zipped(b"", name="other.pkl")),
    pickled("list", zipped(pickle.dumps([1, 2], protocol=2))),
    pickled("number", zipped(pickle.dumps(7, protocol=2))),
    pickled("numbers-for-names", zipped(pickle.dumps({1: 2}, protocol=2))),
    pickled("nested", zipped(b"\x80\x02" + b"]" * 10**5 + b"a" * (10**5 - 1) + b".")),
    pickled("cut", zipped(b"\x80\x02}X\xff\xff\xff\x7f")),
    pickled("protocol-9", zipped(b"\x80\x09}.")),
    pickled("bomb", lambda _: zipped(pickle.dumps({}), bytes(3 * 10**8), compression=zipfile.ZIP_DEFLATED)),
    pickled("nested-zip", zipped(zipped(zipped(b"x")))),
    pickled("storage-too-small", zipped(tensor_pickle(4, (1000, 1000), (1000, 1)), bytes(16))),
    pickled("storage-of-other-size", zipped(tensor_pickle(10**6, (2,), (1,)), bytes(16))),
    pickled("storage-2-62", zipped(tensor_pickle(2**62, (2**62,), (1,)), bytes(16))),
    pickled("storage-missing", zipped(tensor_pickle(4, (2,), (1,))).replace(b"archive/data/0", b"archive/data/9")),
    pickled("stride-negative", zipped(tensor_pickle(4, (2,), (-1,)), bytes(16))),
    pickled("offset-negative", zipped(tensor_pickle(4, (2,), (1,), -2), bytes(16))),
    pickled("offset-beyond", zipped(tensor_pickle(4, (2,), (1,), 2**40), bytes(16))),
    pickled("shape-negative", zipped(tensor_pickle(4, (-2,), (1,)), bytes(16))),
    Attack(
        "pickle-beside-safetensors",
        content(PICKLED, zipped(opcodes("cos\nsystem\n(S'true'\ntR."))),
        refused=False,
    ),
    Attack("pickle-index-outside", both(removed(WEIGHTS), content("pytorch_model.bin.index.json", b'{"weight_map": {"a": "../outside/secret.txt"}}')), refused=True, says=("leaves the folder",)),
    Attack("pickle-named-safetensors", content(WEIGHTS, zipped(opcodes("cos\nsystem\n(S'true'\ntR."))), refused=True),
)  # fmt: skip


def shortened(folder: Path) -> None:
    for file in folder.glob("*.safetensors"):
        os.truncate(file, 100)


IN_USE = (
    Attack("in-use-shortened", lambda _: None, refused=False, then=shortened),
    Attack("in-use-emptied", lambda _: None, refused=False, then=content(WEIGHTS, b"")),
    Attack("in-use-removed", lambda _: None, refused=False, then=removed(WEIGHTS)),
    Attack("in-use-written-anew", lambda _: None, refused=False, then=numbers(float("nan"))),
    Attack("in-use-shards-shortened", sharded(lambda *_: None), refused=False, then=shortened),
)  # fmt: skip
"""What happens to weights while a model is made of them."""
ATTACKS = (*SAFETENSORS, *SHARDS, *PICKLES, *IN_USE)
