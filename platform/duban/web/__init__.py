"""Turning requests into units of work and results into pages: no knowledge of any feature."""
