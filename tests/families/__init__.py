"""Every family that transformers names for a task, as a tiny checkpoint, compared with the library itself."""
