"""The links of pages, texts and mails: which there are, and where they lead."""
