"""Settings of a generation: which are in force, whose each of them is, and which no generation can obey."""
