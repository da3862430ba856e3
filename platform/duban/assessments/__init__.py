"""
Year-end assessment: what a superior unit thinks of its subordinates, in points.

Facts are counted from the work itself, evaluators add their marks with reasons, and a pure function turns both into a
result that lists every line of how it came about. Not here: collecting submissions, splitting targets, signing letters.
"""
