"""Pure rules of units, people and unit files."""
