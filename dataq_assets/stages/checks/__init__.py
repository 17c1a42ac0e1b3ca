"""The promises of the tables, one file each; a file is found by lying here."""
