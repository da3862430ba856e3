"""The unit tree: units, their places in lines, and reads up and down. What people do to units is in `organisation`."""
