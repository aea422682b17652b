"""The keys that act everywhere, and those of the playground's panes."""

from __future__ import annotations

from tui.app.keys.key import Key

PANES = ("task", "model", "input", "tokens", "forward", "probabilities", "answer")
"""The panes' ids in the order of their numbers, from 1."""

EVERYWHERE = (
    Key("help", "f1", "app.help", "help", "Explain the focused pane and list its keys"),
    Key("palette", "ctrl+p", "app.command_palette", "commands", "Find any command by name", priority=True),
    Key("next-pane", "tab", "app.focus_next", "next pane", "Go to the next pane"),
    Key(
        "previous-pane", "shift+tab", "app.focus_previous", "previous", "Go to the previous pane", hint=False
    ),
    Key("run", "ctrl+r,f5", "app.run", "run", "Run the task on the text again, now"),
    Key("zoom", "ctrl+o", "zoom", "zoom", "Give the focused pane the whole screen, or back"),
    Key("jump", "ctrl+g", "app.jump", "jump", "Label every pane with a key and go where you say"),
    Key(
        "leave",
        "escape",
        "leave",
        "leave",
        "Leave the text field, a zoom, a picker or a message",
        hint=False,
        priority=True,  # keys typed ahead are for where it leads
    ),
    Key("log", "f4", "app.log", "log", "Show the last failure in full, with the engine's log", hint=False),
    Key("restart", "f9", "app.restart_engine", "restart", "Stop the engine and start a new one", hint=False),
    Key("repaint", "ctrl+l", "app.repaint", "repaint", "Draw the whole screen again", hint=False),
    Key(
        "suspend", "ctrl+z", "app.suspend_process", "suspend", "Put Logitscope in the background", hint=False
    ),
    Key(
        "quit", "ctrl+q", "app.quit", "quit", "Leave Logitscope; the text is kept for --resume", priority=True
    ),
    Key("options", "f2", "app.options", "options", "Set what the task takes besides its texts"),
    Key("script", "f8", "app.script", "Python", "Show this as a short Python script, to copy or to save"),
    Key(
        "second-text",
        "f10",
        "app.second_text",
        "second text",
        "Show or hide a second text, for tasks that can take one",
        hint=False,
    ),
    Key(
        "insert-mask",
        "f6",
        "app.insert_mask",
        "insert mask",
        "Put the tokenizer's mask token where the text cursor stands",
        hint=False,
        priority=True,  # the editor would select the line
    ),
    Key(
        "microscope",
        "f7",
        "app.microscope",
        "tokenizer",
        "Look at the tokenizer through the microscope",
        priority=True,  # the editor would select everything
    ),
    Key("write", "f12,ctrl+n", "app.write", "write", "Write token by token, with every choice as a branch"),
    Key("example", "f3", "app.example", "example", "Put the task's next example in place of the text"),
    Key(
        "turns",
        "ctrl+t",
        "app.turns",
        "turns",
        "Edit the text as the turns of a conversation, for text-generation",
        hint=False,
    ),
)

HERE = (
    "help",
    "palette",
    "next-pane",
    "previous-pane",
    "log",
    "restart",
    "repaint",
    "suspend",
    "quit",
    "leave",
)
"""Ids of the keys that act on every screen."""

PANE_KEYS = tuple(
    Key(
        f"pane-{name}",
        str(number),
        f"digit('{name}')",
        name,
        f"Go to the {name} pane",
        hint=False,
        priority=True,  # keys typed ahead, in one piece, are to reach the pane that the digit names
    )
    for number, name in enumerate(PANES, start=1)
)

ROWS = (
    Key("row-up", "up,k", "row(-1)", "up", "Up by one row", hint=False),
    Key("row-down", "down,j", "row(1)", "down", "Down by one row", hint=False),
    Key("row-page-up", "pageup", "page(-1)", "page up", "Up by one screenful", hint=False),
    Key("row-page-down", "pagedown", "page(1)", "page down", "Down by one screenful", hint=False),
    Key("row-first", "home", "edge(-1)", "first", "To the first row", hint=False),
    Key("row-last", "end", "edge(1)", "last", "To the last row", hint=False),
    Key("copy", "y", "copy", "copy", "Copy the pane as plain text to the terminal's clipboard", hint=False),
)

PICK = (Key("choose", "enter,space", "choose", "choose", "Take the selected row"),)

MODEL = (
    Key("add-model", "a,plus", "add", "folder or Hub id", "Name a folder or a Hub id to load"),
    Key("cancel-load", "c", "cancel_load", "cancel loading", "Stop the load that is running"),
    Key(
        "refresh-models",
        "r",
        "refresh_list",
        "refresh",
        "Look again which checkpoints are at hand",
        hint=False,
    ),
)

TOKENS = (
    Key("token-left", "left,h", "token(-1)", "previous", "Select the token before"),
    Key("token-right", "right,l", "token(1)", "next", "Select the token after"),
    Key("token-up", "up,k", "token_line(-1)", "line up", "Select the token above", hint=False),
    Key("token-down", "down,j", "token_line(1)", "line down", "Select the token below", hint=False),
    Key("token-first", "home", "token_edge(-1)", "first", "Select the first token", hint=False),
    Key("token-last", "end", "token_edge(1)", "last", "Select the last token", hint=False),
    Key(
        "token-rows",
        "d",
        "detail",
        "ids, mask, norms",
        "Show pieces; with ids; with mask and type ids; with norms",
    ),
    Key(
        "sequence-back",
        "left_square_bracket,less_than_sign",
        "sequence(-1)",
        "previous row",
        "Show the sequence before, where the model reads or writes several",
        hint=False,
    ),
    Key(
        "sequence-on",
        "right_square_bracket,greater_than_sign",
        "sequence(1)",
        "next row",
        "Show the next sequence, where the model reads or writes several",
        hint=False,
    ),
    Key(
        "token-clear",
        "backspace",
        "clear",
        "clear",
        "Select no token: read what the answer is from",
        hint=False,
    ),
    Key("token-edit", "enter", "edit", "edit here", "Put the text cursor on the selected token"),
)

PROBABILITIES = (
    Key("step-back", "left,h", "step(-1)", "step back", "One step back towards the logits"),
    Key("step-on", "right,l", "step(1)", "step on", "One step on towards the probabilities"),
    Key("part", "p", "part", "other output", "Read the head's other output, start or end", hint=False),
    Key(
        "sampling",
        "t",
        "sampling('temperature')",
        "T, top-k, top-p…",
        "Set T, top-k, top-p, min-p, typical-p and the repetition penalty",
    ),
    Key("find-row", "slash", "find", "find", "Find a row by its id, its label or a part of it"),
    Key("watch-row", "w", "watch", "watch", "Keep the selected row at the top, or let it go"),
    Key("temperature-up", "plus,equals_sign", "temperature(1)", "T up", "Raise the temperature by 0.1"),
    Key("temperature-down", "minus", "temperature(-1)", "T down", "Lower the temperature by 0.1"),
    Key("reset", "0", "reset", "reset", "The pipeline's own reading: T 1, no filter, no penalty"),
    Key(
        "function",
        "f",
        "function",
        "softmax/sigmoid",
        "Read the logits by softmax, sigmoid, none, or the rule",
    ),
    Key("next-hit", "n", "hit(1)", "next", "Go to the next row that was found", hint=False),
    Key("previous-hit", "N", "hit(-1)", "previous", "Go to the previous row that was found", hint=False),
    Key("top-k", "K", "sampling('top_k')", "top-k", "Keep so many of the likeliest rows", hint=False),
    Key(
        "top-p",
        "P",
        "sampling('top_p')",
        "top-p",
        "Keep the likeliest rows up to a share of the probability",
        hint=False,
    ),
    Key(
        "min-p",
        "M",
        "sampling('min_p')",
        "min-p",
        "Drop rows below a share of the largest probability",
        hint=False,
    ),
    Key(
        "typical-p",
        "T",
        "sampling('typical_p')",
        "typical-p",
        "Keep the rows whose surprisal is nearest to the entropy",
        hint=False,
    ),
    Key(
        "repetition-penalty",
        "R",
        "sampling('repetition_penalty')",
        "penalty",
        "Make the tokens that stand before less likely",
        hint=False,
    ),
)

ANSWER = (
    Key("answer-view", "v", "view", "another view", "Look at the answer another way"),
    Key(
        "answer-take",
        "enter",
        "take",
        "take it",
        "Put the selected guess into the text, or go to its characters",
    ),
)
