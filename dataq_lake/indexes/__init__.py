"""Search indexes: immutable snapshots of vectors (FAISS) and text (tantivy)."""
