"""One file a relation: what it reads, and the edges that there are today."""
