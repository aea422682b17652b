"""The screen that writes token by token."""
