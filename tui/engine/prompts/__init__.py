"""What stands before and around the text that was typed, and by whose word: prefixes, language codes, first ids."""
