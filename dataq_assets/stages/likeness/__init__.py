"""Where assets stand in meaning, and which are nearest to each other."""
