"""The engine's answers without the screen, for scripts, pipes and screen readers."""
