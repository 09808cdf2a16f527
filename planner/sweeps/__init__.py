"""Many variants of one question: which ones, solved side by side, as a table."""
