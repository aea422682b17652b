"""How nano-sentiment is made."""
