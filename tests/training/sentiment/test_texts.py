import random

import torch

from tui.training.measure import Accuracy
from tui.training.sentiment.augment import clauses, framed_words, negated, span, unrated_texts
from tui.training.sentiment.card import PLAIN_SENTENCES
from tui.training.sentiment.everyday import EVERYDAY
from tui.training.sentiment.measure import decided, sign_accuracy
from tui.training.sentiment.neighbors import Neighbors, exchanged, similar_words
from tui.training.sentiment.snippets import Snippet
from tui.training.splits import words_of


def test_made_up_texts_are_new_distinct_and_follow_the_seed() -> None:
    texts = ["It is slow, but the ending is great.", "I love it.", "Dull."]
    made = unrated_texts(texts, seed=0)
    assert len(set(made)) == len(made)
    assert set(made).isdisjoint(texts)
    assert {"It is slow", "It is not slow", "the ending is not great", "I don't love it."} <= set(made)
    assert unrated_texts(texts, seed=0) == made


def test_a_negation_is_not_negated_twice() -> None:
    assert negated("It is not good.") is None
    assert negated("They weren't good.") is None


def test_one_clause_is_no_part_of_itself() -> None:
    assert clauses("The plot is fine") == []


def test_a_span_is_a_run_of_the_words() -> None:
    text = "one two three four five six seven"
    for seed in range(50):
        piece = span(text, random.Random(seed), longest=4)
        assert piece in text
        assert 2 <= len(piece.split()) <= 4
    assert span("one", random.Random(0)) == "one"


def test_neighbors_are_nearest_by_direction_and_never_the_word_itself() -> None:
    vocabulary = {"[PAD]": 0, "good": 1, "great": 2, "bad": 3, "##ly": 4, "of": 5}
    embeddings = torch.tensor([[9.0, 9.0], [1.0, 0.1], [5.0, 0.4], [-4.0, 0.0], [1.0, 0.1], [1.0, 0.1]])
    neighbors = similar_words(embeddings, vocabulary, {"good", "unknown"}, count=1)
    assert neighbors == {"good": ("great",)}


def test_exchange_leaves_other_words_alone() -> None:
    neighbors: Neighbors = {"good": ("fine", "nice")}
    made = exchanged("Good, good plot", neighbors, random.Random(0), share=1.0)
    assert made.lower().replace("fine", "good").replace("nice", "good") == "good, good plot"
    assert "good" not in made.lower()


def test_a_score_of_zero_is_wrong_unless_taken_as_positive() -> None:
    snippets = [
        Snippet("movie", f"movie-{number}", "", rating)
        for number, rating in enumerate((1.0, 1.0, -1.0, -1.0))
    ]
    scores = [0.3, 0.0, 0.0, -0.3]
    assert sign_accuracy(snippets, scores) == Accuracy(2, 4)
    assert sign_accuracy(snippets, scores, zero_is_positive=True) == Accuracy(3, 4)


def test_ratings_near_neutral_are_left_out() -> None:
    ratings = (-0.6, -0.5, 0.0, 0.5, 0.51)
    snippets = [Snippet("movie", str(rating), "", rating) for rating in ratings]
    snippets.append(Snippet("nyt", "nyt-1", "", 3.0))
    assert [snippet.rating for snippet in decided(snippets, ["movie"])] == [-0.6, 0.51]


def test_the_hand_written_sentences_are_none_that_the_card_or_the_screen_tries() -> None:
    tried = {" ".join(words_of(sentence)) for sentence in PLAIN_SENTENCES}
    written = [" ".join(words_of(sentence)) for sentence, _ in EVERYDAY]
    assert tried.isdisjoint(written)
    assert len(set(written)) == len(written)


def test_a_negated_frame_turns_the_rating_of_its_word() -> None:
    rated = framed_words({"fine": 2.0, "dull": -1.0}, seed=0)
    assert [rating for _, rating in rated] == [2.0, 2.0, -1.48, -1.0, -1.0, 0.74]
    assert rated[0][0] == "fine"
    assert all("fine" in text for text, _ in rated[:3])
    assert len({text for text, _ in rated}) == 6
