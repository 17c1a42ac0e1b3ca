"""What a deep check looks at, one file each; a file is found by lying here."""
