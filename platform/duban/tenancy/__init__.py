"""Tenants: one supervising system each, of a kind whose catalogue (levels, roles, policy, forms …) it copied."""
