"""What to train, on what, and how: advice and a table of memory, worked out without torch."""
