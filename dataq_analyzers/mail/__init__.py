"""Mail as a tree of byte ranges, and the meaning of its header."""
