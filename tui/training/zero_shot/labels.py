"""The labels: sections of the Debian archive in words, fields and kinds of WordNet, everyday topics.

Ten sections are held out: neither their packages nor any label with their words is ever trained on.
"""

import re
from collections import Counter
from collections.abc import Sequence

from tui.training.splits import words_of
from tui.training.texts.wordnet import Synset

# Chosen for their topics before anything was trained; sections of one programming language say their name.
HELD_OUT_SECTIONS = {
    "games": "games",
    "sound": "sound",
    "graphics": "graphics",
    "fonts": "fonts",
    "math": "mathematics",
    "mail": "mail",
    "database": "databases",
    "video": "video",
    "electronics": "electronics",
    "hamradio": "amateur radio",
}
# A label that holds a word beginning with one of these is not trained on.
_HELD_OUT_STEMS = re.compile(
    r"\b(gam(e|ing)|sound|audio|graphic|font|typeface|math|mail|e-mail|email|database|video|electronic|radio|ham\b)"
)

SECTIONS = {
    "net": ("networking", "computer networks", "the network"),
    "admin": ("system administration", "administration"),
    "science": ("science", "research"),
    "web": ("the web", "web sites"),
    "httpd": ("web servers", "the web"),
    "devel": ("software development", "programming"),
    "interpreters": ("programming languages", "interpreters"),
    "vcs": ("version control",),
    "editors": ("text editing", "editors"),
    "text": ("text processing", "text"),
    "tex": ("typesetting", "printing"),
    "doc": ("documentation", "manuals"),
    "localization": ("translation", "languages"),
    "education": ("education", "teaching"),
    "news": ("news",),
    "comm": ("communication",),
    "kernel": ("operating systems", "the kernel"),
    "shells": ("the command line", "shells"),
    "embedded": ("embedded devices",),
    "x11": ("the desktop", "windows on the screen"),
    "gnome": ("the desktop", "GNOME"),
    "kde": ("the desktop", "KDE"),
    "gnu-r": ("statistics", "data analysis"),
    "python": ("Python", "programming"),
    "perl": ("Perl", "programming"),
    "java": ("Java", "programming"),
    "javascript": ("JavaScript", "the web", "programming"),
    "ruby": ("Ruby", "programming"),
    "haskell": ("Haskell", "programming"),
    "rust": ("Rust", "programming"),
    "golang": ("Go", "programming"),
    "php": ("PHP", "web sites", "programming"),
    "ocaml": ("OCaml", "programming"),
    "lisp": ("Lisp", "programming"),
    "cli-mono": (".NET", "programming"),
}
_EVERYDAY = """
education politics business sports health travel food technology science art music history religion law finance
weather fashion family friendship love work money shopping cooking cars animals nature war crime justice government
elections economy industry farming medicine hospitals school university students teachers children parents
literature books poetry film movies television theater acting photography celebrities news opinion humor sadness
anger joy fear complaint praise advice danger safety security privacy energy water climate space astronomy physics
chemistry biology geology psychology philosophy language tourism transport aviation ships trains buildings
architecture houses gardens furniture clothing jewelry toys phones cameras computers software hardware robots
engineering construction manufacturing trade banking insurance taxes jobs careers military police prisons
immigration culture tradition holidays parties drinks restaurants
"""
_FEWEST_MEMBERS = 12


def is_held_out(label: str) -> bool:
    """Say whether a label holds a word of a held-out section.

    >>> is_held_out("card game"), is_held_out("Mathematics"), is_held_out("ship")
    (True, True, False)
    """
    return _HELD_OUT_STEMS.search(label.lower()) is not None


def topic_labels(synsets: Sequence[Synset]) -> list[str]:
    """Return the labels that any text is compared with: everyday topics, sections, and what WordNet names often.

    From WordNet: fields, and nouns that have at least twelve kinds.
    """
    of_key = {synset.key: synset for synset in synsets}
    named = Counter(key for synset in synsets for key in (*synset.kinds_of, *synset.topics) if key in of_key)
    from_wordnet = [
        of_key[key].words[0]
        for key, count in named.items()
        if key.startswith("n") and count >= _FEWEST_MEMBERS
    ]
    fields = {key for synset in synsets for key in synset.topics if key in of_key}
    from_wordnet += [of_key[key].words[0] for key in sorted(fields)]
    sections = [label for labels in SECTIONS.values() for label in labels]
    labels = dict.fromkeys([*_EVERYDAY.split(), *sections, *from_wordnet])
    return [label for label in labels if not is_held_out(label) and words_of(label)]
