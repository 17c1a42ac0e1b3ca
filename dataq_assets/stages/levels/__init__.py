"""What is measured of how well the lake serves: one file a level."""
