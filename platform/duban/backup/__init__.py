"""
Backups of the whole installation: database and files of one moment in one folder, checked before they count as made.

A backup is a folder: `manifest.json` (signed), `database.sql.gz` (a plain dump), `files.csv` (which key has which bytes)
and `files/` (bytes under their SHA-256, shared with the backup before by hard links). Restoring is all or nothing.
"""
