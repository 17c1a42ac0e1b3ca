"""The processes behind the pool: how they are started, fed, watched and blamed."""
