"""
Requirements, the duties they make for units, what units hand in, and its review.

A requirement says what is due when; issuing it makes one duty per unit and period. A duty collects numbered versions
until one is accepted. Reads: `duban.reporting.queries`; acts: `duban.reporting.operations`. Rules: docs/rules/due-dates.md.
"""
