"""How nano-ner is made."""
