"""The terminal: one command a question that a person asks."""
