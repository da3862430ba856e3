"""The pages, by whom they serve: the unit that hands in, the reviewer, the author of requirements."""
