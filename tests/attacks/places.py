"""Attacks by what stands in the place of a file, by chat templates, and by names and cards."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.attacks.attack import Attack, Make, both, content, entries, removed

NAMES = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "README.md", "model.safetensors", "generation_config.json",
    "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "vocab.txt", "examples.json",
    "model.safetensors.index.json", "pytorch_model.bin",
)  # fmt: skip
"""Every file of a checkpoint that something reads."""
TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt")
NEEDED = ("config.json", "tokenizer.json", "model.safetensors")


def socket_at(place: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)  # a socket's path may have some 100 characters only
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(place.name)
    finally:
        os.chdir(here)


def to_the_secret(place: Path) -> None:
    place.symlink_to(Path("..") / "outside" / "secret.txt")


def without_rights(place: Path) -> None:
    place.write_text("{}")
    place.chmod(0)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": lambda place: os.mkfifo(place),
    "zero": lambda place: place.symlink_to("/dev/zero"),
    "socket": socket_at,
    "folder": lambda place: place.mkdir(),
    "loop": lambda place: place.symlink_to(place.name),
    "outside": to_the_secret,
    "unreadable": without_rights,
}


def stands(name: str, kind: Callable[[Path], object]) -> Make:
    def make(folder: Path) -> None:
        place = folder / name
        place.unlink(missing_ok=True)
        kind(place)
        if name in ("model.safetensors.index.json", "pytorch_model.bin"):
            (folder / "model.safetensors").unlink()

    return make


def snapshot(store: str = "", to: str = "blobs") -> Make:
    """A snapshot of a Hub cache that is nowhere near HF_HOME: links to files of `to`, which may lie in a `store`."""

    def make(folder: Path) -> None:
        repository = folder.parent / "models--someone--x"
        snapshot = repository / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        held = repository / to
        if store:
            (folder.parent / store).mkdir()
            held.symlink_to(folder.parent / store)
        held.mkdir(exist_ok=True)
        for file in list(folder.iterdir()):
            file.rename(held / f"0{file.name}")
            (snapshot / file.name).symlink_to(Path("..") / ".." / to / f"0{file.name}")
        folder.rmdir()
        folder.symlink_to(snapshot)

    return make


def linked_inside(folder: Path) -> None:
    (folder / "held").mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).rename(folder / "held" / name)
        (folder / name).symlink_to(Path("held") / name)


def template(name: str, text: str) -> Attack:
    return Attack(
        f"template-{name}",
        entries("tokenizer_config.json", chat_template=text),
        "writer",
        options=(("chat", True),),
    )


def named(name: str) -> Make:
    """A file of that name beside the others."""
    return lambda folder: (folder / name).write_bytes(b"{}")


def card(name: str, text: str) -> Attack:
    return Attack(f"card-{name}", content("README.md", text.encode("utf-8", "surrogatepass")), refused=False)


ESCAPES = "\x1b[31m\x1b]52;c;YWJj\x07\x1b]8;;http://x\x07\x1bPq\x1b\\\x9b2J\u202e\u2066\r\x08"
TEMPLATES: dict[str, str] = {
    "nested-ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}",
    "power": "{{ 9**(9**9) }}",
    "string-times": "{{ 'x' * 1000000000 }}",
    "doubling": "{% set n = namespace(t='x' * 1000) %}{% for i in range(40) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "format-filter": "{{ '%s'|attr('format')(messages) }}",
    "format-map": "{{ ('{x.__class__}'|attr('format_map'))({'x': messages}) }}",
    "globals": "{{ raise_exception.__globals__ }}",
    "escapes": "{{ '" + ESCAPES.replace("\r", "") + "' }}",
    "raise": "{{ raise_exception('x' * 1000000) }}",
    "raise-escapes": "{{ raise_exception('\x1b]52;c;YQ==\x07') }}",
    "strftime": "{{ strftime_now('%' * 100000) }}{{ strftime_now('\ud800') }}",
    "10-mb": "{# " + "x" * 10**7 + " #}a",
    "syntax": "{% for %}",
    "undefined": "{{ messages[99].content.x }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}{{ os }}",
    "number": "{{ 1 / 0 }}",
    "wide": "{{ '%999999999d' % 1 }}",
    "center": "{{ 'x'|center(1000000000) }}",
    "list-times": "{{ [0] * 1000000000 }}",
    "join": "{{ range(99999)|map('string')|join('x' * 99999) }}",
    "nested-deep": "{% if 1 %}" * 300 + "{% endif %}" * 300,
    "parentheses": "{{ " + "(" * 5000 + ")" * 5000 + " }}",
}

ATTACKS = (
    *(
        Attack(
            f"{kind}-as-{name}", stands(name, make),
            refused=True if name in NEEDED and kind != "unreadable" else None,
            refused_alone=True if name in TOKENIZERS and kind != "unreadable" else None,
            says=(name,) if name in NEEDED and kind not in ("unreadable", "loop") else (),
        )
        for kind, make in KINDS.items()
        for name in NAMES
        if not (kind == "unreadable" and os.geteuid() == 0)
    ),
    Attack("links-of-a-snapshot", snapshot(), refused=False, refused_alone=False),
    Attack("links-to-blobs-on-another-disk", snapshot(store="disk"), refused=False, refused_alone=False),
    Attack("links-beside-the-blobs", snapshot(to="other"), refused=True, refused_alone=True, says=("leaves the folder",)),
    Attack("links-inside", linked_inside, refused=False, refused_alone=False),
    Attack("pipe-as-template", both(lambda folder: (folder / "additional_chat_templates").mkdir(), lambda folder: os.mkfifo(folder / "additional_chat_templates" / "a.jinja")), "writer"),
    Attack("zero-as-vocabulary", both(removed("tokenizer.json"), lambda folder: (folder / "vocab.txt").symlink_to("/dev/zero")), refused=True, refused_alone=True, says=("device",)),
    Attack("pipe-as-spiece", both(removed("tokenizer.json"), lambda folder: os.mkfifo(folder / "spiece.model")), refused=True, refused_alone=True, says=("pipe",)),
    Attack("junk-as-spiece", both(removed("tokenizer.json"), content("spiece.model", b"\x0a\xff\xff\xff\xff" * 100)), refused=None),
    Attack("junk-as-vocabulary", both(removed("tokenizer.json"), content("vocab.txt", bytes(range(256)) * 100))),
    Attack("empty-folder", removed("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"), refused=True, says=("empty",)),
    *(template(name, text) for name, text in TEMPLATES.items()),
    Attack("template-file-10-mb", content("chat_template.jinja", lambda _: b"a" * 10**7), "writer", options=(("chat", True),)),
    Attack("template-file-100-mb", content("chat_template.jinja", lambda _: b"a" * 10**8), "writer", options=(("chat", True),)),
    card("escapes", f"---\nlicense: mit{ESCAPES}\n---\n{ESCAPES}"),
    card("license-of-megabyte", "---\nlicense: " + "m" * 10**6 + "\n---\n"),
    card("spaces", "---\n" + "license:" + " " * 19_000 + "\n"),
    card("surrogates", "---\nlicense: \ud800\n---\n"),
    card("million-lines", "---\n" * 10**6),
    *(Attack(f"name-{number}", named(name)) for number, name in enumerate(("a\nb.json", "\x1b]52;c;YQ==\x07.json", "\u202egnp.json", "\x9b31m.txt", "a" * 250 + ".json", "\udcff.json"))),
    Attack("names-escape-and-no-config", both(removed("config.json", "tokenizer.json"), named(f"{ESCAPES}.txt".replace("/", ""))), refused=True),
)  # fmt: skip


def references(place: Path) -> dict[str, Any]:
    """What a person may type that is no folder of a checkpoint; by a name for each."""
    os.mkfifo(place / "pipe")
    (place / "loop").symlink_to("loop")
    (place / "to-itself").mkdir()
    (place / "to-itself" / "again").symlink_to("..")
    (place / "empty").mkdir()
    (place / "file").write_text("x")
    deep = place / "to-itself" / "/".join(["again/to-itself"] * 30)
    return {
        "nobody": "~nobody-at-all/x", "300-characters": "a" * 300, "5000-characters": "/" + "a" * 5000,
        "300-in-a-path": f"/tmp/{'a' * 300}/x", "nul": "a\0b", "nul-in-a-path": "/tmp/a\0b", "line": "/tmp/a\nb",
        "escape": "/tmp/\x1b]52;c;YQ==\x07", "pipe": str(place / "pipe"),
        "zero": "/dev/zero", "loop": str(place / "loop"), "deep": str(deep), "empty": str(place / "empty"),
        "file": str(place / "file"), "below-a-file": str(place / "file" / "x"), "nothing": "", "spaces": "   ",
        "dots": "../" * 500, "proc": "/proc/self/mem", "slashes": "////", "hub-dots": "a/../b", "percent": "%s%n",
    }  # fmt: skip
