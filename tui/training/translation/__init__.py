"""How nano-translation is made."""
