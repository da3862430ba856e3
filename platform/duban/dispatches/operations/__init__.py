"""What people do with documents that are sent down, and what the clock does for them."""
