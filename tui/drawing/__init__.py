"""What things look like as text, for the screen and for plain output alike; neither Textual nor the engine."""
