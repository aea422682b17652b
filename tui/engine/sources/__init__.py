"""Where a checkpoint comes from and what it is, found out without loading its weights."""
