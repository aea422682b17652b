"""Trains a byte-level BPE vocabulary, as GPT-2 and RoBERTa have it, and wraps it as a standard fast tokenizer.

Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.2: the alphabet is the 256
bytes, so no text is unknown; a space belongs to the word behind it and is written `Ġ`.
"""

from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
ROBERTA_TOKENS = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}


def train_gpt2_vocabulary(texts: Sequence[str], size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train `size` entries on the texts; `<|endoftext|>` (id 0) begins, ends and parts texts, nothing is added.

    `max_length` (tokens) is what `truncation=True` cuts to.
    """
    tokenizer = _trained(texts, size, [END_OF_TEXT])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        unk_token=END_OF_TEXT,
    )


def train_roberta_vocabulary(texts: Sequence[str], size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train `size` entries on the texts; a text becomes `<s> text </s>`, a pair `<s> one </s></s> two </s>`.

    The special tokens have the ids 0 to 4 in the order of `ROBERTA_TOKENS`. `max_length` (tokens) is what
    `truncation=True` cuts to.
    """
    tokenizer = _trained(texts, size, list(dict.fromkeys(ROBERTA_TOKENS.values())))
    # `<mask>` takes the space before it along: what it stands for begins with that space.
    mask = AddedToken(ROBERTA_TOKENS["mask_token"], lstrip=True, special=True, normalized=False)
    tokenizer.add_special_tokens([mask])
    vocabulary = tokenizer.get_vocab()
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=("</s>", vocabulary["</s>"]),
        cls_token=("<s>", vocabulary["<s>"]),
        trim_offsets=True,
        add_prefix_space=False,
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        **{**ROBERTA_TOKENS, "mask_token": mask},
    )


def _trained(texts: Sequence[str], size: int, special_tokens: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # Given in full and sorted, as a byte that no text holds is needed all the same.
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special_tokens, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
