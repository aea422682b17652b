"""Every attack by its name."""

from __future__ import annotations

from tests.attacks import configs, places, tokenizers, weights

ALL = (*tokenizers.ATTACKS, *configs.ATTACKS, *weights.ATTACKS, *places.ATTACKS)
ATTACKS = {attack.name: attack for attack in ALL}
