"""The links of pages: which there are, and where they lead."""
