"""Writing on token ids: how a token is chosen, what each step was, beams, the tree of branches. Plain values."""
