"""Reads of units, people and contacts."""
