"""The lake without Dagster: tables, ids, blobs, snapshots, embedders, indexes, search and SQL."""
