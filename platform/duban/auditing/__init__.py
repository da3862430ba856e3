"""The auditor's desk: reading the record of acts, taking it away, seeing that it is whole."""
