"""Every touch of what transformers keeps to itself or changes between versions: one function each, nowhere else.

Each was read in transformers 5.24, if it doesn't say another version. The next release should break these alone.
"""
