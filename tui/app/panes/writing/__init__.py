"""The panes of the screen that writes: the branch as text, the branches."""
