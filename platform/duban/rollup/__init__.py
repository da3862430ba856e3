"""Totals and rates of what was handed in, from any unit down to the submission a figure comes from."""
