"""Rules of the door. Pure: each is a table test away from being believed."""
