"""The source `file_scanner`: folders, archived file by file, version by version."""
