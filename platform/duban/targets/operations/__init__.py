"""What people do with targets: define, split, issue, accept, record."""
