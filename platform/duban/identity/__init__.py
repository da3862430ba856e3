"""People, their credentials and their sessions. A session is a row: ending it ends it on every worker at once."""
