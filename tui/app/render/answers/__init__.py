"""How each kind of answer is drawn: one file for each view of `tui.views`, a pure function from view to rows."""
