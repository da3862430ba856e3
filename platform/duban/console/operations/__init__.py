"""What operators do. Each function is one act at a desk: it checks, changes and records."""
