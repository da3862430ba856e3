"""Materialised paths: labels of [0-9a-z], each followed by a dot; `a.b.` lies below `a.`. Pure."""

import re

from duban.kernel.db import PATH_PATTERN

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(PATH_PATTERN)


def label(number: int) -> str:
    """Write a child's running number as a label; shorter numbers sort first within one parent."""
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _ALPHABET[rest] + digits
        if number == 0:
            return f"{_ALPHABET[len(digits)]}{digits}"


def check_path(path: str) -> str:
    """Give the path back. Raises: ValueError when malformed: an empty path would be everybody's ancestor."""
    if not _SHAPE.match(path):
        raise ValueError(f"not a path: {path!r}")
    return path


def depth(path: str) -> int:
    """Count the labels; a root has depth 1."""
    return path.count(".")


def upper_bound(path: str) -> str:
    """Give the exclusive end of the half-open range that holds the path and all below it ('/' follows '.')."""
    return check_path(path)[:-1] + "/"


def ancestors(path: str) -> list[str]:
    """List the proper ancestors, root first."""
    labels = check_path(path).split(".")[:-1]
    return [".".join(labels[:count]) + "." for count in range(1, len(labels))]


def parent_path(path: str) -> str | None:
    """Give the parent's path, None for a root."""
    above = ancestors(path)
    return above[-1] if above else None
