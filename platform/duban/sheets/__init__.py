"""Tables from people's files: workbooks are read in a child process that may neither grow nor last. Knows no feature."""
