"""
Typed form fields: what a form asks (a spec, kept as JSON), how what somebody typed becomes values, and how values add up.

Pure: no database, no web, no clock. Tenant kinds declare specs as data, reporting asks people to fill them in, pages render
them. Start at `duban.fields.specs` (fields), `duban.fields.forms` (forms with checks), `duban.fields.answers` (`read_form`)
and `duban.fields.totals` (`total_of`). Forms without checks may be read with `duban.fields.parsing.parse_form`.
"""
