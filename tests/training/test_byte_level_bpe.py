import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from tests.training.conftest import domain_table
from tests.training.sentiment.test_nano_sentiment import ODD_TEXTS
from tui.training.vocabulary.byte_level_bpe import (
    END_OF_TEXT,
    train_gpt2_vocabulary,
    train_roberta_vocabulary,
)
from tui.training.vocabulary.saving import save_tokenizer

TEXTS = domain_table("movie").splitlines() + domain_table("tweets").splitlines()
PRINT_VOCABULARIES = """
from tests.training.test_byte_level_bpe import TEXTS
from tui.training.vocabulary.byte_level_bpe import train_gpt2_vocabulary, train_roberta_vocabulary
for train in (train_gpt2_vocabulary, train_roberta_vocabulary):
    print(train(TEXTS, 400, 32).backend_tokenizer.to_str())
"""


def test_every_process_gives_the_same_vocabulary() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PRINT_VOCABULARIES],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(Path(__file__).parents[2])},
        ).stdout
        for seed in range(3)
    }
    assert len(printed) == 1
    assert b"merges" in printed.pop()


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_no_text_is_unknown_and_each_comes_back_as_it_was(text: str) -> None:
    for train in (train_gpt2_vocabulary, train_roberta_vocabulary):
        tokenizer = train(TEXTS, 400, 64)
        ids = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        if not any(token in text for token in (*tokenizer.all_special_tokens,)):
            assert tokenizer.unk_token_id not in ids
            assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_special_tokens_have_the_first_ids() -> None:
    roberta = train_roberta_vocabulary(TEXTS, 400, 64)
    assert roberta.convert_ids_to_tokens(list(range(5))) == ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    assert len(roberta) == 400
    gpt2 = train_gpt2_vocabulary(TEXTS, 400, 64)
    assert gpt2.eos_token_id == gpt2.bos_token_id == 0
    assert gpt2.all_special_tokens == [END_OF_TEXT]
    assert gpt2("a film")["input_ids"] == gpt2("a film", add_special_tokens=False)["input_ids"]


def test_a_mask_takes_the_space_before_it_along() -> None:
    roberta = train_roberta_vocabulary(TEXTS, 400, 64)
    pieces = roberta.convert_ids_to_tokens(roberta("a <mask> film")["input_ids"])
    at = pieces.index("<mask>")
    assert pieces[at - 1] != "Ġ"
    assert pieces[at + 1].startswith("Ġ")


def test_saved_and_loaded_it_cuts_texts_the_same_way(tmp_path: Path) -> None:
    for train in (train_gpt2_vocabulary, train_roberta_vocabulary):
        trained = train(TEXTS, 400, 32)
        folder = tmp_path / train.__name__
        save_tokenizer(trained, folder)
        loaded = AutoTokenizer.from_pretrained(str(folder))
        from_file = Tokenizer.from_file(str(folder / "tokenizer.json"))
        for text in ODD_TEXTS:
            assert loaded(text)["input_ids"] == trained(text)["input_ids"] == from_file.encode(text).ids
        pair = loaded("a film", "a plot")["input_ids"]
        assert pair == from_file.encode("a film", "a plot").ids
        assert len(loaded("film " * 100, truncation=True)["input_ids"]) == 32
