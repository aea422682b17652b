"""How nano-fill-mask is made."""
