"""
Who may do what, where. Casbin decides a finite question; lists are filtered from the same answers.

The names other features use are gathered in `duban.access.checks`.
"""
