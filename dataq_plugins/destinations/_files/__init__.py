"""What destinations that write files share: where they write, and how."""
