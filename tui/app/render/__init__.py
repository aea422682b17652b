"""Plain values to what a terminal shows: glyphs, numbers, bars, strips."""
