"""Trains a WordPiece vocabulary and wraps it as a standard fast tokenizer."""

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def train_wordpiece(
    texts: Sequence[str], size: int, max_length: int, lowercase: bool = True
) -> PreTrainedTokenizerFast:
    """Train a WordPiece vocabulary of at most `size` entries on the texts alone; the same texts give the same.

    The pipeline is BERT's: clean, lower-case and strip accents; split at spaces and punctuation; longest match
    first; `[CLS] text [SEP]`. `max_length` (tokens) is what `truncation=True` cuts to. With `lowercase` off,
    capitals and accents are kept, as the cased models of BERT do.
    """
    learner = _bert_pipeline(models.WordPiece(unk_token="[UNK]"), lowercase)
    # The trainer numbers the pieces `##a`, `##b`, ... in the order of a hash table and breaks ties by number,
    # so each run would give another vocabulary. Named beforehand, like special tokens, they have fixed numbers.
    first_entries = [*SPECIAL_TOKENS.values(), *_inner_characters(learner, texts)]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=first_entries, show_progress=False)
    learner.train_from_iterator(texts, trainer)

    # A tokenizer built anew from the entries knows only the real special tokens as special.
    vocabulary = learner.get_vocab()
    tokenizer = _bert_pipeline(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"), lowercase)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        **SPECIAL_TOKENS,
    )


def _bert_pipeline(model: models.WordPiece, lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _inner_characters(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """Return the sorted one-character pieces inside words, each with its `##`."""
    words = {
        word
        for text in texts
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
    }
    return sorted({f"##{character}" for word in words for character in word[1:]})
