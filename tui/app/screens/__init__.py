"""The playground and the screens that open over it."""
