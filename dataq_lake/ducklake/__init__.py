"""DuckLake as the engine of a lake's tables: a catalogue in a database, data in Parquet files."""
