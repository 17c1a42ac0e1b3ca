"""Jobs and their tasks, on disk: what is to be done, and how far each time it is done has come."""
