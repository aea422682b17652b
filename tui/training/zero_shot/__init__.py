"""How nano-zero-shot is made."""
