"""The sentence in the input at first start, for each task that is built."""

from __future__ import annotations

SAMPLES = {"sentiment-analysis": "I've been waiting for a course like this my whole life."}
