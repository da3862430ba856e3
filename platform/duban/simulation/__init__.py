"""
Tenant kinds at work under a clock that is set: the demo tenants, and `duban replay`, which drives a whole year.

Everything goes through the operations people use; nothing is written to a table directly.
"""
