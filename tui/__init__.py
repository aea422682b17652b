"""Logitscope: a terminal playground for transformers models."""
