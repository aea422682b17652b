"""Tokenizers opened without their models, and what is said of those that can't be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer, BertConfig, ByT5Tokenizer

from tests.engine.tokenization.trained import MAKERS, backend_of, written
from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import hub_cache
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import PythonTokenizer
from tui.protocol.failures import Failure

ROOT = Path(__file__).parents[3]
TEXT = "I love déjà vu, don't you? 🤗"


def refused(reference: str | Path) -> Failure:
    with pytest.raises(EngineError) as caught:
        open_tokenizer(str(reference))
    failure = caught.value.failure
    assert failure.title
    assert failure.hint
    assert len(failure.detail) < 1500
    return failure


def write(file: Path, content: str | bytes | dict[str, Any]) -> Path:
    if isinstance(content, dict):
        content = json.dumps(content)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize("name", ["nano-sentiment", "nano-generation", "nano-ner", "nano-fill-mask"])
def test_a_built_in_is_the_one_transformers_makes(name: str) -> None:
    opened = open_tokenizer(name)
    folder = catalogue.built_in_folder(name)
    reference = AutoTokenizer.from_pretrained(folder)
    assert (opened.name, opened.source) == (name, "built-in")
    read = opened.tokenizer.read(TEXT)
    assert read.ids == reference(TEXT)["input_ids"]
    assert opened.tokenizer.decode(read.ids) == reference.decode(read.ids)
    assert opened.tokenizer.unknown_id == reference.unk_token_id


@pytest.mark.parametrize("name", MAKERS)
def test_a_bare_file_is_enough(name: str, tmp_path: Path) -> None:
    file = write(tmp_path / "any name.json", written(name))
    opened = open_tokenizer(str(file))
    backend = backend_of(name)
    assert opened.name == f"{tmp_path.name}/any name.json"
    assert opened.tokenizer.read(TEXT).ids == backend.encode(TEXT).ids
    unknown = {"bpe": "<unk>", "wordpiece": "[UNK]", "unigram": "<unk>", "word-level": "<unk>"}.get(name)
    assert opened.tokenizer.unknown_id == (None if unknown is None else backend.token_to_id(unknown))


def test_neither_torch_nor_transformers_is_needed(tmp_path: Path) -> None:
    file = write(tmp_path / "tokenizer.json", written("bpe"))
    program = (
        "import sys; from tui.engine.tokenization.opening import open_tokenizer;"
        "import tui.engine.tokenization.vocabulary, tui.engine.tokenization.nearest;"
        "import tui.engine.tokenization.comparison, tui.engine.tokenization.contrasts;"
        f"names = 'nano-sentiment', {str(file)!r};"
        "[open_tokenizer(name).tokenizer.read('a') for name in names];"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"torch", "transformers", "textual"}


def test_a_folder_needs_no_config_and_no_weights(tmp_path: Path) -> None:
    write(tmp_path / "tokenizer.json", written("wordpiece"))
    assert open_tokenizer(str(tmp_path)).tokenizer.limit is None
    write(
        tmp_path / "tokenizer_config.json",
        {"model_max_length": 77, "model_input_names": 3, "pad_token": "[PAD]"},
    )
    opened = open_tokenizer(f" {tmp_path} ")
    assert (opened.tokenizer.limit, opened.tokenizer.pad_id, opened.source) == (77, 0, "folder")
    write(tmp_path / "config.json", "{broken")
    assert open_tokenizer(str(tmp_path)).tokenizer.limit == 77


def test_the_hub_cache_needs_no_weights_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub_cache, "root", lambda: tmp_path)
    snapshot = tmp_path / "models--someone--words" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    refs = tmp_path / "models--someone--words" / "refs"
    refs.mkdir()
    write(refs / "main", "abc")
    assert refused("someone/words").title == "This tokenizer is not on this machine"
    write(snapshot / "tokenizer.json", written("unigram"))
    opened = open_tokenizer("someone/words")
    assert (opened.name, opened.source) == ("someone/words", "hub-cache")
    assert (
        open_tokenizer("someone/words", "abc").tokenizer.read("the").ids == opened.tokenizer.read("the").ids
    )
    assert refused("someone/else").title == "This tokenizer is not on this machine"


def test_other_vocabularies_are_read_by_transformers(tmp_path: Path) -> None:
    BertConfig(vocab_size=8).save_pretrained(tmp_path)
    write(tmp_path / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\n")
    assert [token.text for token in open_tokenizer(str(tmp_path)).tokenizer.read("the cats").tokens] == [
        "[CLS]", "the", "cat", "##s", "[SEP]",
    ]  # fmt: skip


def test_tokenizers_in_python_too(tmp_path: Path) -> None:
    ByT5Tokenizer().save_pretrained(tmp_path)
    opened = open_tokenizer(str(tmp_path))
    assert isinstance(opened.tokenizer, PythonTokenizer)
    assert opened.tokenizer.bare_ids("a") == [100]


# --------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "reference", ["", "   ", "..", "/nowhere/at/all", "~/no such", "not a name!", "a" * 5000, "\x00"]
)
def test_what_can_be_no_tokenizer(reference: str) -> None:
    refused(reference)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    failure = refused(tmp_path / "tokenizer.json")
    assert failure.title == "No such file"
    assert str(tmp_path) in failure.detail


def test_folders_without_one(tmp_path: Path) -> None:
    assert "it is empty" in refused(tmp_path).detail
    for number in range(9):
        write(tmp_path / f"file{number}", "x")
    assert "file0, file1" in refused(tmp_path).detail
    assert "and 3 more" in refused(tmp_path).detail
    write(tmp_path / "vocab.txt", "a\n")
    assert refused(tmp_path).title == "The tokenizer can't be used"


@pytest.mark.parametrize(
    ("content", "title", "parts"),
    [
        ("", "Not a tokenizer.json", ["line 1, column 1"]),
        ('{\n "a": 1,\n "b" 2}', "Not a tokenizer.json", ["line 3, column 6", "expecting ':' delimiter"]),
        ("hello", "Not a tokenizer.json", ["begins with b'hello'"]),
        (b"\x00\x01\x02", "Not a tokenizer.json", ["begins with"]),
        (b'{\n"\xc3\xa9\xff": 1}', "Not a tokenizer.json", ["line 2, column 3", "0xff"]),
        ("[" * 100_000, "Not a tokenizer.json", ["nested too deep"]),
        ("[1]", "Not a tokenizer", ["no object"]),
        ("{}", "Not a tokenizer", ["nothing in it"]),
        ('{"architectures": [], "hidden_size": 3}', "Not a tokenizer", ["“architectures”, “hidden_size”"]),
        ('{"model": "[red]"}', "Not a tokenizer", ["“model”"]),
        ('{"\\u001b[31m\\ud800": 1}', "Not a tokenizer", []),
    ],
)
def test_files_that_hold_something_else(
    content: str | bytes, title: str, parts: list[str], tmp_path: Path
) -> None:
    failure = refused(write(tmp_path / "tokenizer.json", content))
    assert failure.title == title
    for part in parts:
        assert part in failure.detail


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"model": {"type": "Quantum", "vocab": {}}}, ["part “model”", "(type 'Quantum')"]),
        (
            {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}},
            ["“model”", "Token `b` out of vocab"],
        ),
        ({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}, ["“model”"]),
        ({"normalizer": {"type": "Upside"}}, ["“normalizer”", "Upside"]),
        (
            {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Nope"}]}},
            ["“normalizer.normalizers[1]”", "Nope"],
        ),
        (
            {
                "pre_tokenizer": {
                    "type": "Split",
                    "pattern": {"Regex": "("},
                    "behavior": "Isolated",
                    "invert": False,
                }
            },
            ["“pre_tokenizer”", "parenthesis"],
        ),
        ({"decoder": 7}, ["“decoder”"]),
        ({"post_processor": {"type": "TemplateProcessing", "single": "$Q"}}, ["“post_processor”"]),
        ({"added_tokens": [{"id": 3, "content": "x"}]}, ["“added_tokens[0]”", "single_word"]),
        ({"version": "9"}, ["“version”"]),
        ({"padding": [1]}, ["“padding[0]”"]),
    ],
)
def test_the_part_that_is_refused_is_named(changes: dict[str, Any], parts: list[str], tmp_path: Path) -> None:
    failure = refused(write(tmp_path / "tokenizer.json", json.loads(written("bpe")) | changes))
    assert failure.title == "The tokenizer.json is broken"
    for part in parts:
        assert part in failure.detail


def test_a_broken_file_in_a_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path / "tokenizer.json", written("bpe")[:-20])
    failure = refused(tmp_path)
    assert failure.title == "Not a tokenizer.json"
    assert str(tmp_path / "tokenizer.json") in failure.detail
    assert "line" in failure.detail


def test_things_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tokenizer.json")
    refused(tmp_path / "tokenizer.json")
    assert refused(tmp_path).title


def test_hostile_entries_open(tmp_path: Path) -> None:
    vocabulary = {"[red]": 0, "\x1b[31m": 1, "": 2, "\u202e": 3}
    model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[red]"}
    file = write(tmp_path / "\x1b[31m[bold].json", {"version": "1.0", "model": model})
    tokenizer = open_tokenizer(str(file)).tokenizer
    assert [token.id for token in tokenizer.read("\x1b[31m").tokens] == [1]
    assert tokenizer.read("\x1b[0m").tokens[0].text == "[red]"


def test_a_link_to_a_file_is_called_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "9f3c").mkdir()
    (tmp_path / "mine").mkdir()
    write(tmp_path / "9f3c" / "blob", written("bpe"))
    (tmp_path / "mine" / "tokenizer.json").symlink_to(tmp_path / "9f3c" / "blob")
    assert open_tokenizer(str(tmp_path / "mine" / "tokenizer.json")).name == "mine/tokenizer.json"


def test_what_is_no_tokenizer_is_told_as_what_it_is(tmp_path: Path) -> None:
    file = write(tmp_path / "some.gguf", b"GGUF")
    assert "weights for llama.cpp (some.gguf)" in refused(file).detail
    assert "it holds weights for llama.cpp (some.gguf)" in refused(tmp_path).detail
    write(tmp_path / "adapter_config.json", {"base_model_name_or_path": "someone/base"})
    failure = refused(tmp_path)
    assert "a PEFT adapter of “someone/base”" in failure.detail
    assert "made from" in failure.hint
