"""The script of feature extraction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.scripts.parts import header, read_row

if TYPE_CHECKING:
    from tui.scripts.parts import Asked


def script(asked: Asked) -> str:
    """Each text through the tokenizer and the model; the last hidden states become one vector."""
    texts, options = asked.texts(), asked.values()
    cut = f", truncation=True, max_length={asked.limit}" if asked.limit else ""
    chosen = [texts["text"], *([texts["text_pair"]] if texts["text_pair"] else [])]
    pool = {"mean": "hidden.double().mean(0)", "first": "hidden[0].double()", "last": "hidden[-1].double()"}
    lines = [
        header(asked, "AutoModel"),
        "encoder = model.get_encoder() if model.config.is_encoder_decoder else model",
        "",
        "texts = [",
        *(f"    {text!r}," for text in chosen),
        "]",
        "features = []  # float32 [positions, width] for each text",
        "for text in texts:",
        f'    inputs = tokenizer(text{cut}, return_tensors="pt").to(model.device)',
        "    with torch.inference_mode():",
        "        features.append(encoder(**inputs).last_hidden_state[0].float().cpu())",
        f"vectors = [{pool[str(options['pooling'])]} for hidden in features]",
        "",
        "answer = [features[0].tolist()]",
        "print(features[0].shape, vectors[0])",
    ]
    if len(chosen) > 1:
        lines += ["cosine = torch.cosine_similarity(vectors[0], vectors[1], dim=0).item()", "print(cosine)"]
    sequence = asked.address.sequence if 0 <= asked.address.sequence < len(chosen) else 0
    position = asked.address.position
    row = f"vectors[{sequence}]" if position is None else f"features[{sequence}][{position}]"
    lines += ["", f"logits = {row}  # not logits: a hidden state", read_row(asked, "none")]
    return "\n".join(lines) + "\n"
