"""Extraction as a service: tasks that are asked for, watched and cancelled over HTTP."""
