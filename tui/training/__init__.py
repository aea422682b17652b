"""How the built-in checkpoints are made: from public data, by one command each (`python -m tui.training`)."""
