"""Training a tokenizer in a process of its own: the `tokenizers` library can't be stopped, a process can."""
