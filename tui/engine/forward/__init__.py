"""The forward pass: one run of the model, watched at every station from the ids to the logits."""
