"""Generation on token ids, and what a model says of the tokens that stand already."""
