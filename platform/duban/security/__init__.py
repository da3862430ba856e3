"""What the security administrator does: locks, sessions, second factors and tokens of others, the password policy."""
