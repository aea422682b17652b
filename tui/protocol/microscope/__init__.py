"""What the tokenizer microscope shows, as plain values that engine and screen share."""
