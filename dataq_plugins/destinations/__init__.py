"""Destinations that come with DataQ: one folder each."""
