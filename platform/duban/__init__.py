"""Duban (督办): one level supervises the levels below it, until done."""
