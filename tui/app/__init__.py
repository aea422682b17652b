"""The screen: panes, widgets and the engine as a child process. Never imports torch or transformers."""
