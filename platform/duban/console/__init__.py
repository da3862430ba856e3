"""The operator's console: creating, limiting, suspending, exporting and deleting tenants, without seeing what they hold."""
