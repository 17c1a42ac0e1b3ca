"""What dbt needs to build the marts: its project, the lake to read and a file to build in."""
