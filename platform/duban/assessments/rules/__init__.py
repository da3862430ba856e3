"""
The scoring engine: a versioned scheme and recorded facts in, a result with its whole trace out.

Pure: no database, no web, no clock, no binary fractions. The same inputs give the same bytes, on any machine and in any
year. Source: docs/rules/scoring.md, docs/rules/roll-up.md.
"""
