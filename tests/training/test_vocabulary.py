from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoTokenizer

from tests.training.conftest import domain_table
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.wordpiece import SPECIAL_TOKENS, train_wordpiece

TEXTS = domain_table("movie").splitlines() + domain_table("tweets").splitlines()


def test_the_same_texts_give_the_same_vocabulary_each_time() -> None:
    vocabularies = [train_wordpiece(TEXTS, 150, 32).get_vocab() for _ in range(5)]
    assert all(vocabulary == vocabularies[0] for vocabulary in vocabularies)
    assert len(vocabularies[0]) == 150


def test_only_the_five_special_tokens_are_special() -> None:
    tokenizer = train_wordpiece(TEXTS, 150, 32)
    assert sorted(tokenizer.all_special_tokens) == sorted(SPECIAL_TOKENS.values())
    assert [tokenizer.convert_ids_to_tokens(index) for index in range(5)] == list(SPECIAL_TOKENS.values())
    assert "##a" in tokenizer.get_vocab()
    assert "##a" not in tokenizer.tokenize("##a")


def test_saved_and_loaded_it_cuts_texts_the_same_way(tmp_path: Path) -> None:
    trained = train_wordpiece(TEXTS, 150, 32)
    trained(["cut as in training", "and padded"], truncation=True, max_length=4, padding=True)
    save_tokenizer(trained, tmp_path)
    loaded = AutoTokenizer.from_pretrained(str(tmp_path))
    from_file = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in ["a long text " * 20, "A GREAT camera, n12movie!", "déjà vu", "[MASK]", ""]:
        assert loaded(text)["input_ids"] == trained(text)["input_ids"] == from_file.encode(text).ids
    assert len(loaded("film " * 100, truncation=True)["input_ids"]) == 32
    assert trained.tokenize("GREAT gréat") == ["great", "great"]
