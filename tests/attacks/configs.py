"""Attacks by config.json, generation_config.json and tokenizer_config.json."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tests.attacks.attack import EXECUTED, Attack, both, content, entries, json_of, text_of

CONFIG = "config.json"


def config(name: str, *says: str, refused: bool | None = True, **changes: Any) -> Attack:
    return Attack(f"config-{name}", entries(CONFIG, **changes), refused=refused, says=says)


def writer_config(name: str, *says: str, refused: bool | None = True, **changes: Any) -> Attack:
    return Attack(f"config-writer-{name}", entries(CONFIG, **changes), "writer", refused=refused, says=says)


def generation(name: str, *says: str, refused: bool | None = None, **changes: Any) -> Attack:
    make = entries("generation_config.json", **changes)
    return Attack(f"generation-{name}", make, "writer", refused=refused, says=says)


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"model_type": "bert"}
    for _ in range(depth):
        inner = {"model_type": "bert", "text_config": inner}
    return inner


def remote_code(folder: Path) -> None:
    """Code that would leave a file, named by every key that can name code."""
    code = f"open({str(folder.parent / EXECUTED)!r}, 'w').close()\n"
    (folder / "modeling_evil.py").write_text(code + "class EvilConfig: pass\nclass EvilModel: pass\n")
    names = (
        "AutoConfig",
        "AutoModel",
        "AutoModelForSequenceClassification",
        "AutoModelForCausalLM",
        "AutoTokenizer",
    )
    entries(CONFIG, auto_map=dict.fromkeys(names, "modeling_evil.EvilModel"), trust_remote_code=True)(folder)
    named = {"AutoTokenizer": ["modeling_evil.EvilModel", "modeling_evil.EvilModel"]}
    entries("tokenizer_config.json", auto_map=named, tokenizer_class="EvilModel", trust_remote_code=True)(
        folder
    )
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(code)


SIZES: dict[str, tuple[str, Any]] = {
    "layers-million": ("num_hidden_layers", 10**6), "layers-billion": ("num_hidden_layers", 10**9),
    "layers-900": ("num_hidden_layers", 900), "labels-billion": ("num_labels", 10**9),
    "vocabulary-trillion": ("vocab_size", 10**12), "vocabulary-billion": ("vocab_size", 10**9),
    "hidden-huge": ("hidden_size", 10**15), "hidden-900000": ("hidden_size", 900_000),
    "inner-huge": ("intermediate_size", 10**13), "types-huge": ("type_vocab_size", 10**11),
    "positions-huge": ("max_position_embeddings", 10**12), "positions-90-million": ("max_position_embeddings", 9 * 10**7),
    "heads-huge": ("num_attention_heads", 10**18), "beyond-64-bits": ("vocab_size", 2**64),
    "hundreds-of-digits": ("vocab_size", 10**400), "negative-layers": ("num_hidden_layers", -1),
    "negative-hidden": ("hidden_size", -8), "negative-vocabulary": ("vocab_size", -(2**63)),
    "negative-labels": ("num_labels", -3),
    "string": ("hidden_size", "8"), "float": ("num_hidden_layers", 1.5),
    "nan": ("vocab_size", math.nan), "infinity": ("vocab_size", math.inf), "hidden-list": ("hidden_size", [8]),
    "object": ("num_attention_heads", {"a": 1}), "true": ("hidden_size", True),
}  # fmt: skip
"""Each a key whose value no model of these weights has."""
TYPES: dict[str, tuple[str, Any]] = {
    "null-vocabulary": ("vocab_size", None), "null-hidden": ("hidden_size", None), "zero-heads": ("num_attention_heads", 0),
    "zero-hidden": ("hidden_size", 0), "zero-vocabulary": ("vocab_size", 0), "three-heads": ("num_attention_heads", 3),
    "dropout-nan": ("hidden_dropout_prob", math.nan), "dropout-string": ("hidden_dropout_prob", "a"),
    "epsilon-null": ("layer_norm_eps", None), "epsilon-negative": ("layer_norm_eps", -1e30), "activation": ("hidden_act", "boom"),
    "activation-list": ("hidden_act", []), "pad-huge": ("pad_token_id", 10**9), "pad-negative": ("pad_token_id", -(10**9)),
    "pad-string": ("pad_token_id", "x"), "problem": ("problem_type", "escape\x1b[31m"), "initializer": ("initializer_range", "x"),
    "chunks": ("chunk_size_feed_forward", 10**18), "chunks-negative": ("chunk_size_feed_forward", -1),
    "decoder": ("is_decoder", True), "cross": ("add_cross_attention", True), "return-dict": ("return_dict", False),
    "architectures-unknown": ("architectures", ["NoSuchModel"]), "architectures-empty": ("architectures", []),
    "architectures-string": ("architectures", "BertForSequenceClassification"), "architectures-numbers": ("architectures", [1, None]),
    "architectures-huge": ("architectures", ["A" * 10**6]), "model-type-escape": ("model_type", "\x1b]52;c;YWJj\x07"),
    "model-type-path": ("model_type", "../../../etc"), "model-type-list": ("model_type", ["bert"]),
    "model-type-null": ("model_type", None), "model-type-number": ("model_type", 7), "model-type-object": ("model_type", {}),
    "dtype-unknown": ("dtype", "float3"), "dtype-of-code": ("dtype", "load"), "dtype-list": ("dtype", ["float32"]),
    "dtype-int": ("dtype", "int64"), "torch-dtype-unknown": ("torch_dtype", "nn"),
    "labels-string": ("id2label", "POSITIVE"), "labels-list": ("id2label", ["a", "b"]), "labels-null": ("id2label", {"0": None, "1": []}),
    "labels-gap": ("id2label", {"0": "a", "7": "b"}), "labels-negative": ("id2label", {"-1": "a", "0": "b"}),
    "labels-words": ("id2label", {"a": "x", "b": "y"}), "labels-digits": ("id2label", {"9" * 5000: "x", "0": "y"}),
    "labels-twice": ("id2label", {"0": "a", "00": "b"}), "label2id-list": ("label2id", [1]), "label2id-other": ("label2id", {"a": "x"}),
    "quantization-unknown": ("quantization_config", {"quant_method": "no-such"}),
    "quantization-missing": ("quantization_config", {"quant_method": "awq", "bits": 4}),
    "quantization-string": ("quantization_config", "4bit"), "quantization-empty": ("quantization_config", {}),
    "quantization-huge": ("quantization_config", {"quant_method": "gptq", "bits": 10**9}),
    "weights-outside": ("transformers_weights", "../outside/secret.txt"), "weights-absolute": ("transformers_weights", "/etc/passwd"),
    "weights-list": ("transformers_weights", [1]), "fusion": ("fusion_config", {"rms_norm": True}),
    "sub-config": ("text_config", {"model_type": "bert", "num_hidden_layers": 10**9}),
    "per-layer": ("per_layer_config", {str(n): {"hidden_size": 10**9} for n in range(3)}),
    "name-or-path": ("name_or_path", "../../etc"), "rope": ("rope_scaling", {"type": "\x1b[2J", "factor": math.nan}),
    "method": ("from_pretrained", 1), "dunder": ("__class__", "x"), "post-init": ("__post_init__", "x"), "to-dict": ("to_dict", 1),
}  # fmt: skip
"""Each a key with a value that must do no harm, whether it is refused or not."""

ATTACKS = (
    *(config(name, key, **{key: value}) for name, (key, value) in SIZES.items()),
    *(config(name, refused=None, **{key: value}) for name, (key, value) in TYPES.items()),
    config("labels-billion-unnamed", "num_labels", id2label=None, label2id=None, num_labels=10**9),
    config("vocabulary-900000", "900000", vocab_size=900_000),
    config("labels-900000", id2label=None, label2id=None, num_labels=900_000),
    Attack("config-labels-million", lambda folder: entries(CONFIG, id2label={str(n): f"label {n}" for n in range(10**6)})(folder)),
    config("labels-escape", refused=False, id2label={"0": "\x1b[31mred", "1": "\x1b]52;c;YWJj\x07\u202e"}),
    config("attention-kernel", "someone/kernel", attn_implementation="someone/kernel"),
    config("attention-kernel-inside", "someone/kernel", _attn_implementation_internal="someone/kernel"),
    config("attention-kernel-old", "someone/kernel", _attn_implementation="someone/kernel:function"),
    config("attention-kernel-map", "someone/kernel", attn_implementation={"": "someone/kernel"}),
    config("attention-kernel-below", "someone/kernel", text_config={"_attn_implementation_internal": "someone/kernel"}),
    config("experts-kernel", "someone/kernel", experts_implementation="someone/kernel"),
    config("experts-kernel-inside", "someone/kernel", _experts_implementation_internal="someone/kernel"),
    config("attention-unknown", attn_implementation="no-such"),
    config("attention-number", refused=None, attn_implementation=7),
    config("kernels", refused=None, use_kernels=True, kernel_config={"kernel_mapping": {"RMSNorm": "a/b:RMSNorm"}}),
    Attack("config-auto-map", remote_code, refused=None),
    Attack(
        "config-auto-map-unknown", both(remote_code, entries(CONFIG, model_type="evil")), refused=True, says=("code",)
    ),
    Attack("config-keys-twice", text_of(CONFIG, lambda text: text[:-1] + ', "vocab_size": 5}'), refused=None),
    Attack("config-byte-order-mark", content(CONFIG, lambda old: b"\xef\xbb\xbf" + old), refused=True, says=("byte order",)),
    Attack("config-utf-16", content(CONFIG, lambda old: old.decode().encode("utf-16")), refused=True, says=("UTF-16",)),
    Attack("config-latin-1", content(CONFIG, lambda old: old.replace(b"POSITIVE", b"\xe9")), refused=True, says=("UTF-8",)),
    Attack("config-large", content(CONFIG, lambda old: old + b" " * 10**8), refused=True, says=("MB",)),
    Attack("config-brackets", content(CONFIG, b"[" * 10**6), refused=True, says=("nested",)),
    Attack("config-brackets-large", content(CONFIG, lambda _: b"[" * 10**8), refused=True, says=("MB",)),
    Attack("config-braces", content(CONFIG, b'{"a":' * 10**5), refused=True, says=("nested",)),
    Attack("config-is-list", content(CONFIG, b"[]"), refused=True, says=(CONFIG,)),
    Attack("config-empty", content(CONFIG, b""), refused=True, says=(CONFIG,)),
    Attack("config-null", content(CONFIG, b"null"), refused=True, says=(CONFIG,)),
    Attack("config-digits", content(CONFIG, b'{"vocab_size": ' + b"9" * 10**5 + b"}"), refused=True, says=(CONFIG,)),
    config("contains-itself", text_config=nested(30), refused=None),
    config("contains-itself-often", text_config=nested(300)),
    Attack("config-keys-many", lambda folder: entries(CONFIG, **{f"key {n}": n for n in range(10**5)})(folder)),
    writer_config("layers-million", "n_layer", n_layer=10**6),
    writer_config("positions", "n_positions", n_positions=10**8),
    writer_config("heads-zero", refused=None, n_head=0),
    writer_config("llama", refused=None, model_type="llama", architectures=["LlamaForCausalLM"], num_hidden_layers=10**9),
    writer_config("t5", refused=None, model_type="t5", num_layers=10**8),
    writer_config("layer-types", refused=None, model_type="qwen2", num_hidden_layers=10**9, layer_types=["x"] * 1000),
    generation("beams", num_beams=10**5, max_new_tokens=10**9),
    generation("beams-huge", num_beams=2**63, max_new_tokens=2**63),
    generation("beams-2-53", "num_beams", refused=True, num_beams=2**53),
    generation("beams-many", "beams", refused=True, num_beams=2000),
    generation("span", "encoder_no_repeat_ngram_size", refused=True, encoder_no_repeat_ngram_size=2**53),
    generation("span-2-31", "no_repeat_ngram_size", refused=True, no_repeat_ngram_size=2**31),
    generation("negative", num_beams=-1, max_new_tokens=-5, temperature=-1, top_k=-1),
    generation("nan", do_sample=True, temperature=math.nan, top_p=math.nan),
    generation("strings", num_beams="many", max_new_tokens="all", eos_token_id="x"),
    generation("lists", num_beams=[1], eos_token_id=[[0]], suppress_tokens=[10**18]),
    generation("groups", num_beam_groups=10**6, num_beams=10**6, diversity_penalty=1e300),
    generation("bad-words", bad_words_ids=[[10**12]], sequence_bias={"x": 1}),
    generation("cache", cache_implementation="no-such", use_cache="x"),
    generation("static-cache", refused=False, cache_implementation="static", max_length=10**9),
    generation("static-cache-offloaded", refused=False, cache_implementation="offloaded_static", max_new_tokens=10**9),
    generation("static-cache-sliding", refused=False, cache_implementation="sliding_window", max_length=10**9),
    generation("chunks-2-53", prefill_chunk_size=2**53),
    generation("lookup-2-53", prompt_lookup_num_tokens=2**53),
    generation("ids-2-53", eos_token_id=2**53, pad_token_id=2**53, suppress_tokens=[2**53]),
    generation("assistant", prompt_lookup_num_tokens=10**9, num_assistant_tokens=-1),
    generation("watermark", watermarking_config={"greenlist_ratio": 5, "bias": "x"}),
    generation("custom", custom_generate="someone/generate", trust_remote_code=True),
    generation("stop-strings", stop_strings=["a" * 10**5, ""]),
    generation("compile", compile_config={"mode": "no-such"}),
    Attack("generation-list", content("generation_config.json", b"[1]"), "writer"),
    Attack("generation-brackets", content("generation_config.json", b"[" * 10**6), "writer"),
    Attack("generation-escape", entries("generation_config.json", max_new_tokens="\x1b]52;c;YQ==\x07"), "writer"),
    *(
        Attack(f"{kind}tokenizer-config-{name}", entries("tokenizer_config.json", **(settings | {key: value})))
        for kind, settings in (("", {}), ("bert-", {"tokenizer_class": "BertTokenizer"}))
        for name, key, value in (
            ("limit-huge", "model_max_length", 10**400), ("limit-nan", "model_max_length", math.nan),
            ("limit-negative", "model_max_length", -5), ("limit-zero", "model_max_length", 0), ("limit-one", "model_max_length", 1),
            ("limit-string", "model_max_length", "x"), ("class-unknown", "tokenizer_class", "NoSuch"),
            ("class-list", "tokenizer_class", ["a"]), ("class-byt5", "tokenizer_class", "ByT5Tokenizer"),
            ("class-python", "tokenizer_class", "BertweetTokenizer"), ("names", "model_input_names", ["x" * 1000, 3]),
            ("side", "padding_side", "up"), ("side-list", "padding_side", [1]), ("truncation", "truncation_side", "\x1b[31m"),
            ("token-object", "cls_token", {"content": 5}), ("token-escape", "cls_token", "\x1b]8;;http://x\x07"),
            ("token-list", "unk_token", [1]), ("added", "added_tokens_decoder", {"999999999": {"content": "x"}}),
            ("added-words", "added_tokens_decoder", {"x": {"content": "x"}}), ("extra", "extra_special_tokens", "abc"),
            ("file", "vocab_file", "../outside/secret.txt"), ("gguf", "gguf_file", "../outside/secret.txt"),
            ("map-file", "special_tokens_map_file", "../outside/secret.txt"), ("init", "init_inputs", [1, 2, 3]),
            ("object", "tokenizer_object", "x"), ("template-list", "chat_template", [1]),
        )
    ),
    Attack("tokenizer-config-brackets", content("tokenizer_config.json", b"[" * 10**6)),
    Attack("tokenizer-config-large", content("tokenizer_config.json", lambda _: b" " * 10**8)),
    Attack("special-map-list", content("special_tokens_map.json", b"[]")),
    Attack("added-tokens-list", content("added_tokens.json", b"[]")),
    Attack("config-removed-keys", json_of(CONFIG, lambda stated: stated.pop("model_type")), refused=True),
)  # fmt: skip
