"""The panes of the playground, one file each."""
