"""How nano-summarization is made."""
