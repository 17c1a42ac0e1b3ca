"""One file a tagger: what it reads, and the tags that hold today."""
