"""Reads the texts that more than one training learns from, one file for each source."""
