"""What understands one kind of content: one file a kind, run in worker processes."""
