"""Pages of matters and meetings."""
