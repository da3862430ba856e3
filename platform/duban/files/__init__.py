"""
Stored files: what people attach to documents, submissions and the rest.

Bytes lie in a store reached through fsspec under random names; the row keeps the original name, digest, size, kind and
place. What comes in is judged by content, not by what the sender calls it. This feature does not read or convert files.
"""
