"""Rows of logits: what re-weighs them, how they become probabilities, and how one of very many is found."""
