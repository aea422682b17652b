"""Types at random, from a seed, into the real program, and tells what made it fall."""
