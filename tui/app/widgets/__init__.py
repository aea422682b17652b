"""Widgets that know nothing of tasks or models."""
