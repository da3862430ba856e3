"""One's own account: second factor, devices, tokens."""
