"""What a process has from its surroundings: arguments, streams, files, a child that is the engine."""
