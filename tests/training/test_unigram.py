import math
import subprocess
import sys
from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoTokenizer

from tests.training.french import sentence_pair
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.unigram import SPECIAL_TOKENS, train_unigram, unigram_pieces

TEXTS = [text for number in range(150) for text in sentence_pair(number)]
IN_ANOTHER_PROCESS = """
from tests.training.test_unigram import TEXTS
from tui.training.vocabulary.unigram import train_unigram
print(train_unigram(TEXTS, 150, 64).backend_tokenizer.to_str(), end="")
"""


def test_the_same_texts_give_the_same_vocabulary_in_every_process() -> None:
    """Tables of strings are ordered otherwise in each process."""
    here = train_unigram(TEXTS, 150, 64).backend_tokenizer.to_str()
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS]
    there = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[2]).stdout
    assert there.decode() == here


def test_the_special_tokens_come_first_and_each_text_ends() -> None:
    tokenizer = train_unigram(TEXTS, 150, 64)
    assert len(tokenizer) == 150
    assert [tokenizer.convert_ids_to_tokens(index) for index in range(3)] == list(SPECIAL_TOKENS.values())
    ids = tokenizer("un livre rouge")["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id == 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == "un livre rouge"


def test_signs_and_digits_stand_alone() -> None:
    tokenizer = train_unigram([*TEXTS, *["(version 12), l'outil."] * 9], 170, 64)
    pieces = tokenizer.tokenize("(12), l'outil.")
    assert "".join(pieces) == "▁(12),▁l'outil."
    assert all(len(piece.strip("▁")) == 1 for piece in pieces if not any(map(str.isalpha, piece)))


def test_quotes_and_spaces_have_one_form() -> None:
    tokenizer = train_unigram([*TEXTS, *['l\'outil "utile"'] * 9], 150, 64)
    assert tokenizer("l’outil  « utile »")["input_ids"] == tokenizer('l\'outil " utile "')["input_ids"]


def test_pieces_are_probabilities_and_frequent_words_are_whole() -> None:
    words = {"▁the": 900, "▁then": 100, "▁them": 100, "▁qu": 5, "▁☃": 1}
    pieces = unigram_pieces(words, 10)
    assert len(pieces) <= 10
    assert max(pieces, key=lambda piece: pieces[piece]) == "▁the"
    assert set("▁thenmqu") <= set(pieces)
    assert "☃" not in pieces
    assert math.isclose(sum(map(math.exp, pieces.values())), 1, abs_tol=0.01)


def test_saved_and_loaded_it_cuts_texts_the_same_way(tmp_path: Path) -> None:
    trained = train_unigram(TEXTS, 150, 32)
    trained(["cut as in training", "and padded"], truncation=True, max_length=4, padding=True)
    save_tokenizer(trained, tmp_path)
    loaded = AutoTokenizer.from_pretrained(str(tmp_path))
    from_file = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in ["Le livre " * 20, "LE LIVRE, 12!", "déjà vu ☃", "</s> <pad>", "", "  two  spaces "]:
        assert loaded(text)["input_ids"] == trained(text)["input_ids"] == from_file.encode(text).ids
    assert len(loaded("livre " * 100, truncation=True)["input_ids"]) == 32
