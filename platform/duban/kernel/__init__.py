"""What everything stands on: settings, database types, scope and errors. Knows no feature, no web."""
