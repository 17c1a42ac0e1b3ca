"""The promises of the tables, one file each; a file is found by lying here.

ASSET, TABLES, SEVERITY and BLOCKING are literals: they are read before the file is loaded.
"""
