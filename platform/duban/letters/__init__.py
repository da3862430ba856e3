"""Responsibility letters: what a unit promises its superior for a year, frozen, signed by both leaders, counted per level.

Not here: the targets themselves (targets) and what keeping or breaking the promise costs (assessments).
"""
