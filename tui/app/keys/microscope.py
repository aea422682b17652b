"""The keys of the tokenizer microscope and its views."""

from __future__ import annotations

from tui.app.keys.key import Key

MICROSCOPE = (
    *(
        Key(
            f"view-{number}",
            str(number),
            f"view({number})",
            "view",
            f"Show view {number}",
            hint=False,
            priority=True,  # as with the panes: keys typed ahead are for the view that the digit names
        )
        for number in range(1, 8)
    ),
    Key("type-text", "i,slash", "type", "type", "Go to the field and type", priority=True),  # the same
    Key("open-tokenizer", "o", "open", "another tokenizer", "Look at a built-in's, a folder's or a file's"),
    Key("save-tokenizer", "s", "save", "save", "Write the tokenizer as tokenizer.json", hint=False),
)

STAGES = (
    Key("part-left", "left,h", "part(-1)", "part", "Select the part before", hint=False),
    Key("part-right", "right,l", "part(1)", "part", "Select the next part"),
    Key(
        "trace-word", "enter", "trace", "algorithm", "Follow the selected word through the model's algorithm"
    ),
)

ALGORITHM = (
    Key("trace-back", "left,h", "step(-1)", "step back", "One step back"),
    Key("trace-on", "right,l", "step(1)", "step on", "One step on"),
    Key(
        "trace-far-back",
        "left_square_bracket,less_than_sign",
        "step(-10)",
        "10 back",
        "Ten steps back",
        hint=False,
    ),
    Key(
        "trace-far-on",
        "right_square_bracket,greater_than_sign",
        "step(10)",
        "10 on",
        "Ten steps on",
        hint=False,
    ),
    Key("trace-first", "home", "step_edge(-1)", "first step", "To the beginning of the word", hint=False),
    Key("trace-last", "end", "step_edge(1)", "last step", "To the end of the word", hint=False),
    Key("word-before", "up,k", "word(-1)", "word", "Follow the word before", hint=False),
    Key("word-next", "down,j", "word(1)", "next word", "Follow the next word"),
)

SIDE_BY_SIDE = (
    Key("add-tokenizer", "a", "add", "add", "Put another tokenizer beside these"),
    Key("remove-tokenizer", "x", "remove", "remove", "Take the selected tokenizer away"),
    Key(
        "excerpt-on",
        "greater_than_sign,right",
        "excerpt(1)",
        "further",
        "The next part of a long text",
        hint=False,
    ),
    Key("excerpt-back", "less_than_sign,left", "excerpt(-1)", "back", "Back in a long text", hint=False),
)

VOCABULARY = (
    Key("search-by", "b", "by", "text/prefix/id", "Search by a part of the text, by its beginning, or by id"),
    Key(
        "search-which", "f", "which", "all/added/special", "Show all entries, added tokens, or special tokens"
    ),
    Key("explain-entry", "enter,right", "explain", "explain", "Everything about the selected entry"),
    Key("explain-back", "left,backspace", "back", "back", "Back to the entry looked at before", hint=False),
)

IDS = (
    Key("skip-special", "x", "skip_special", "special tokens", "Decode with or without special tokens"),
    Key(
        "explain-id",
        "enter,right",
        "explain",
        "explain",
        "Everything about the selected entry; with an empty field, take the ids of the text",
    ),
    Key("whole-text", "w", "whole", "whole text", "Give the decoded text the whole pane, or take it back"),
)

TOKEN_LIST = (
    Key(
        "explain-token", "enter,right", "explain", "vocabulary", "Everything about the selected token's entry"
    ),
    Key(
        "tenth-on",
        "right_square_bracket,greater_than_sign",
        "tenth(1)",
        "a tenth on",
        "A tenth of the tokens further",
    ),
    Key(
        "tenth-back",
        "left_square_bracket,less_than_sign",
        "tenth(-1)",
        "a tenth back",
        "A tenth of the tokens back",
        hint=False,
    ),
)

TRAINING = (
    Key("train", "enter", "train", "train", "Train a tokenizer as it is laid out here"),
    Key("change-up", "right,l,plus", "change(1)", "change", "Change the selected setting"),
    Key(
        "change-down", "left,h,minus", "change(-1)", "change", "Change the selected setting back", hint=False
    ),
    Key("stop-training", "c", "stop", "stop", "Give the training up", hint=False),
)
