"""
A requirement as a workbook: one row for each unit, out to Excel and back.

`layout` says where what stands, `judging` reads what came back (pure), `writing` makes the files (at the edge, in the reader's
language). What is known of the units comes from `duban.reporting.queries.workbooks`.
"""
