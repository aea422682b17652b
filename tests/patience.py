"""How long tests wait for what has to come: it ends a test that fails, and decides nothing else."""

PATIENCE = 240.0
"""Seconds; far more than anything takes on a slow machine with others at work on it."""
