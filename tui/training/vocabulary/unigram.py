"""Trains a Unigram vocabulary and wraps it as a standard fast tokenizer.

The algorithm is that of Kudo, "Subword Regularization", ACL 2018: begin with all frequent substrings,
estimate how often each is used when texts are cut in all possible ways, drop those that the texts miss least,
repeat. The trainer of `tokenizers` does the same a little faster, but sums over a hash table in random order:
each run gives another vocabulary, and with it other figures on the card.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
_SPACE = "▁"
_LONGEST_PIECE = 16
_LONGEST_WORD = 40
_SEED_PIECES_PER_ENTRY = 10
_KEPT_EACH_ROUND = 0.75
_ROUNDS_OF_ESTIMATION = 2
_RAREST_CHARACTER = 5
_LEAST_USED = 0.5


def train_unigram(texts: Sequence[str], size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train a Unigram vocabulary of at most `size` entries on the texts alone; the same texts give the same.

    The pipeline is SentencePiece's: one form of each character (NFKC), quotation marks straight, spaces as
    `▁` before the word; signs and digits stand alone, so that no piece is the end of a word and a comma;
    `text </s>`. `max_length` (tokens) is what `truncation=True` cuts to.
    """
    specials = list(SPECIAL_TOKENS.values())
    pipeline = _pipeline(models.Unigram())
    scores = unigram_pieces(_count_words(pipeline, texts), size - len(specials))
    # The most probable pieces come first, as in SentencePiece.
    learned = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    vocabulary = [*((special, 0.0) for special in specials), *learned]
    tokenizer = _pipeline(models.Unigram(vocabulary, unk_id=specials.index(SPECIAL_TOKENS["unk_token"])))
    end = SPECIAL_TOKENS["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", pair=f"$A $B {end}", special_tokens=[(end, specials.index(end))]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        **SPECIAL_TOKENS,
    )


def unigram_pieces(words: Mapping[str, int], size: int) -> dict[str, float]:
    """Return at most `size` pieces with their log-probabilities (nats), given how often each word occurs.

    Every character that occurs a few times is a piece, so that few words can't be written.

    >>> sorted(unigram_pieces({"low": 9, "lower": 9, "newer": 9, "new": 9}, 8))
    ['e', 'l', 'low', 'n', 'new', 'o', 'r', 'w']
    """
    pieces, characters = _seed_pieces(words, size * _SEED_PIECES_PER_ENTRY)
    total = sum(pieces.values())
    probabilities = {piece: count / total for piece, count in pieces.items()}
    while True:
        for _ in range(_ROUNDS_OF_ESTIMATION):
            used = _expected_counts(words, probabilities)
            kept = {
                piece: max(count, _LEAST_USED)
                for piece, count in used.items()
                if count >= _LEAST_USED or piece in characters
            }
            all_kept = sum(kept.values())
            probabilities = {piece: count / all_kept for piece, count in kept.items()}
        if len(probabilities) <= size:
            return {piece: round(math.log(probability), 4) for piece, probability in probabilities.items()}
        probabilities = _pruned(probabilities, kept, characters, size)


def _seed_pieces(words: Mapping[str, int], most: int) -> tuple[dict[str, int], set[str]]:
    """Return the substrings that cover most characters, and the characters among them."""
    counts: Counter[str] = Counter()
    for word, frequency in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + _LONGEST_PIECE) + 1):
                counts[word[start:end]] += frequency
    characters = {piece for piece, count in counts.items() if len(piece) == 1 and count >= _RAREST_CHARACTER}
    longer = [
        piece for piece, count in counts.items() if len(piece) > 1 < count and characters.issuperset(piece)
    ]
    longer.sort(key=lambda piece: (-counts[piece] * len(piece), piece))
    return {piece: counts[piece] for piece in (*sorted(characters), *longer[:most])}, characters


def _expected_counts(words: Mapping[str, int], probabilities: Mapping[str, float]) -> dict[str, float]:
    """Return how often each piece is used when each word is cut in all ways, by their probability.

    The sum over all ways is the forward-backward algorithm (Baum et al. 1970) on the lattice of pieces.
    """
    counts = dict.fromkeys(probabilities, 0.0)
    for word, frequency in words.items():
        length = len(word)
        edges = [
            (start, end, piece, probabilities[piece])
            for start in range(length)
            for end in range(start + 1, min(length, start + _LONGEST_PIECE) + 1)
            if (piece := word[start:end]) in probabilities
        ]
        forward = [1.0, *[0.0] * length]
        for start, end, _, probability in edges:
            forward[end] += forward[start] * probability
        if not forward[length]:
            continue  # a rare character: the word can't be written
        backward = [*[0.0] * length, frequency / forward[length]]
        for start, end, piece, probability in reversed(edges):
            counts[piece] += forward[start] * probability * backward[end]
            backward[start] += probability * backward[end]
    return counts


def _pruned(
    probabilities: Mapping[str, float], used: Mapping[str, float], characters: set[str], size: int
) -> dict[str, float]:
    """Return the pieces without those that cost least when they are written in other pieces."""
    losses = {
        piece: used[piece] * (math.log(probability) - _best_other_way(piece, probabilities))
        for piece, probability in probabilities.items()
        if piece not in characters
    }
    most = max(size, int(len(probabilities) * _KEPT_EACH_ROUND)) - len(characters)
    dearest = sorted(losses, key=lambda piece: (-losses[piece], piece))[: max(0, most)]
    kept = characters.union(dearest)
    return {piece: probability for piece, probability in probabilities.items() if piece in kept}


def _best_other_way(piece: str, probabilities: Mapping[str, float]) -> float:
    """Return the log-probability of the best way to write a piece in shorter ones (Viterbi's algorithm)."""
    best = [0.0, *[-math.inf] * len(piece)]
    for end in range(1, len(piece) + 1):
        for start in range(end):
            part = probabilities.get(piece[start:end])
            if part and end - start < len(piece):
                best[end] = max(best[end], best[start] + math.log(part))
    return best[-1]


def _count_words(pipeline: Tokenizer, texts: Sequence[str]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for text in texts:
        normalized = pipeline.normalizer.normalize_str(text)
        counts.update(word for word, _ in pipeline.pre_tokenizer.pre_tokenize_str(normalized))
    return {word: counts[word] for word in sorted(counts) if len(word) <= _LONGEST_WORD}


def _pipeline(model: models.Unigram) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(Regex("[‘’]"), "'"),
            normalizers.Replace(Regex("[“”«»]"), '"'),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always"),
            pre_tokenizers.Split(Regex(rf"{_SPACE}?(?:\d|[^\w\s{_SPACE}])"), behavior="isolated"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    return tokenizer
