"""The pages of totals and rates."""
