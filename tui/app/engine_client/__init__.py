"""The engine as a child process: started early, spoken to over two pipes, restarted with its requests."""

from tui.app.engine_client.client import EngineClient
from tui.app.engine_client.notices import EngineLost, EngineSilent, EngineStarted, Notice, Timing

__all__ = ["EngineClient", "EngineLost", "EngineSilent", "EngineStarted", "Notice", "Timing"]
