"""What people do with letters: write, issue, sign, withdraw."""
