"""Text to the model's input: ids, and for each of them where in the text it comes from."""
