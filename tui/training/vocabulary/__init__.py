"""Trains the vocabularies of the built-in checkpoints, one file for each algorithm."""
