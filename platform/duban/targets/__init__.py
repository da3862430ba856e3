"""Targets: control indicators and work targets, their split down the tree, and the actuals counted against them.

Not here: what a unit signs for its targets (letters) and what it is scored for them (assessments).
"""
