"""
Typed form fields: what a field of a form is (a spec, kept as JSON) and how what somebody typed becomes a value.

Pure: no database, no web, no clock. Tenant kinds declare specs as data, reporting asks people to fill them in,
pages render them. Start at `duban.fields.specs` (the spec) and `duban.fields.parsing` (`parse`, `parse_form`).
"""
