"""The single questions behind detect: what text, what markup, what zip, what libmagic says."""
