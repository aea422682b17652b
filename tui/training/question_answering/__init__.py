"""How nano-question-answering is made."""
