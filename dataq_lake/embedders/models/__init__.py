"""One file a model; a file here is all that a new model needs."""
