"""Benchmarks: ratios and delays of the real command in a real pseudo-terminal. Not collected by pytest."""
