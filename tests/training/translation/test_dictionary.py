import numpy as np
import pytest
import torch

from tests.training.french import ADJECTIVES, NOUNS, sentence_pair
from tui.training.translation.alignment_model import NONE, align_words
from tui.training.translation.dictionary import Dictionary
from tui.training.translation.measure import chrf, scores
from tui.training.translation.start import starting_embeddings

PAIRS = [sentence_pair(number) for number in range(200)]


def test_the_dictionary_learns_words_from_sentences() -> None:
    dictionary = Dictionary(PAIRS)
    assert {french: dictionary.words[french] for french in NOUNS} == NOUNS
    assert {french: dictionary.words[french] for french in ADJECTIVES} == ADJECTIVES
    assert dictionary.translate("Le fichier rouge Xyzzy !") == "The file red Xyzzy!"
    assert dictionary.translate("") == ""


def test_the_dictionary_keeps_capitals_and_copies_what_it_has_not_seen() -> None:
    dictionary = Dictionary([("le GTK", "the GTK"), ("le jeu", "the game"), ("jeu", "game")])
    assert dictionary.translate("Jeu GTK (le Qt 5).") == "Game GTK (the Qt 5)."


def test_expected_counts_add_up_to_the_english_words() -> None:
    couples = align_words([([1, 2], [1, 2]), ([1], [1]), ([], [1]), ([1] * 9, [1])], longest=5)
    assert couples.counts.sum() == pytest.approx(3)
    of_first = couples.french == 1
    assert couples.counts[of_first & (couples.english == 1)][0] > 0.9
    assert (couples.french == NONE).any()
    assert (np.diff(couples.french * 100 + couples.english) > 0).all()
    assert len(align_words([]).counts) == 0


def test_partners_start_with_like_embeddings_and_others_do_not() -> None:
    couples = align_words([([1, 2], [3, 4]), ([1], [3]), ([2], [4])] * 5)
    embeddings = starting_embeddings(couples, vocabulary=100, width=64, seed=0)
    near = torch.nn.functional.cosine_similarity
    assert near(embeddings[1], embeddings[3], 0) > 0.8
    assert near(embeddings[2], embeddings[4], 0) > 0.8
    assert near(embeddings[1], embeddings[4], 0).abs() < 0.5
    assert embeddings[NONE].abs().max() == 0
    assert embeddings[1:].std().item() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(embeddings, starting_embeddings(couples, 100, 64, 0))


def test_scores_know_equal_and_unlike_texts() -> None:
    references = ["The cat sleeps on the roof.", "It opens a file."]
    best = scores(references, references)
    assert (round(best.chrf, 6), round(best.bleu, 6), best.reach) == (100, 100, 0)
    worse = scores(["The dog sleeps on a roof.", "It opens a file."], references)
    assert 50 < worse.chrf < 100
    assert worse.chrf == chrf(["The dog sleeps on a roof.", "It opens a file."], references)
    assert worse.reach > 0
