"""One file a step from one schema version of a table to the next; `dataq upgrade` takes them.

A file declares TABLE (`raw` stands for every raw_<source>), FROM and TO, and either

- `migrate`, a pure function of a record batch as FROM wrote it to one as TO writes it, or
- nothing else: then TO has columns more, which are null in rows that are there already.

A file is never changed once it was released: lakes of every earlier version come this way.
"""
