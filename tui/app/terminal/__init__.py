"""Every touch of Textual's private parts: what it has no public way for."""
