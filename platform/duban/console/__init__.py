"""
The operator's console: who runs the service makes, watches, suspends, exports and deletes tenants, and sees no content.

Operators are no tenant's people. Their tables open only to a transaction bound to the console itself (`desk.py`); a tenant's
rows are touched by three files only, which tests/architecture/test_console.py names: founding, archives, erasing.
"""
