"""
Dates that oblige: working days, periods, due rules, stage windows, lateness and the words for them.

Pure: values in, values out. Nothing here reads a clock, a database or a request. The rules it follows are written down,
with their sources, in docs/rules/due-dates.md.
"""
