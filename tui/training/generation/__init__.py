"""How nano-generation is made."""
