"""From rows of a table to what a destination has taken: planned, sent, and put on record."""
