"""What people do to units and posts. Each function is one act: it asks leave, checks, changes and records."""
