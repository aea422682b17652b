"""The keys of the screen that writes token by token."""

from __future__ import annotations

from tui.app.keys.key import Key

WRITING = (
    Key("write-on", "space", "write_on", "write/pause", "Write until it ends by itself; again: pause"),
    Key("write-one", "n", "write_some(1)", "one token", "Write one token"),
    Key("write-many", "N", "ask_count", "how many", "Write as many tokens as you say", hint=False),
    Key(
        "force",
        "enter",
        "force",
        "take",
        "Put the selected row's token here, as a branch; or go to the branch",
    ),
    Key("ban", "x", "ban", "ban", "Never choose the selected row's token; again: allow it"),
    Key("to-left", "left,h", "place(-1)", "back", "Look at the token before"),
    Key("to-right", "right,l", "place(1)", "forward", "Look at the token after", hint=False),
    Key("to-first", "home", "place(-1000000)", "first", "Look at the first token", hint=False),
    Key("to-tip", "end", "place(1000000)", "to the end", "Look at what comes next", hint=False),
    Key("rewind", "backspace", "rewind", "rewind", "Begin a branch that ends before the selected token"),
    Key("undo", "u", "undo", "undo", "Undo"),
    Key("redo", "U", "redo", "redo", "Do it again", hint=False),
    Key("beams", "b", "beams", "beams", "Search with beams from here"),
    Key(
        "search-before",
        "comma",
        "search_step(-1)",
        "step",
        "Look at the step of the search before",
        hint=False,
    ),
    Key(
        "search-after",
        "full_stop",
        "search_step(1)",
        "step",
        "Look at the next step of the search",
        hint=False,
    ),
    Key("sample", "g", "method", "greedy/sample", "Change between the likeliest token and sampling"),
    Key("next-branch", "right_square_bracket", "branch(1)", "branch", "Go to the next branch"),
    Key(
        "previous-branch", "left_square_bracket", "branch(-1)", "back", "Go to the branch before", hint=False
    ),
    Key("prune", "d", "prune", "prune", "Take the current branch away", hint=False),
    Key("name-branch", "m", "name", "name", "Name the current branch", hint=False),
    Key("compare", "c", "compare", "compare", "Compare the current branch with another", hint=False),
    Key("write-settings", "f2", "settings", "settings", "Set how tokens are chosen"),
    Key("edit-prompt", "i,slash", "edit", "prompt", "Edit the prompt; the branch stays"),
    Key("write-text", "1", "go('text')", "text", "Go to the text", hint=False),
    Key("write-rows", "2", "go('probabilities')", "rows", "Go to the probabilities", hint=False),
    Key("write-tree", "3", "go('tree')", "branches", "Go to the branches", hint=False),
)
