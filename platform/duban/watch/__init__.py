"""Totals over all tenants for whoever watches the installation: counted by the clock, without any tenant's name or content."""
