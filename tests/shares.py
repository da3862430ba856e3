"""What `make test` asks of a long list, and `make nightly` the whole of: always the same part, so that a red test stays red."""

from collections.abc import Iterable
from zlib import crc32

import pytest


def in_share(name: object, one_in: int, *, turn: int = 0) -> bool:
    """Say whether something belongs to the part of a list that is asked: one in so many of it, each turn another part."""
    return crc32(str(name).encode()) % one_in == turn % one_in


def by_commit(one_in: int) -> pytest.MarkDecorator:
    """Give a test its argument `one_in`: this much in `make test`, everything in `make nightly`."""
    return pytest.mark.parametrize(
        "one_in", [pytest.param(one_in, id="commit"), pytest.param(1, id="whole", marks=pytest.mark.nightly)]
    )


def crossed(*cases: Iterable[object]) -> list[object]:
    """
    Give the cases of a test over people, screens and languages so that each value of each is met; the rest is for the night.

    Takes: the values of the first argument, then two pairs.
    """
    first, second, third = (list(one) for one in cases)
    return [
        pytest.param(
            one, two, three, marks=[] if (at + second.index(two) + third.index(three)) % 2 == 0 else [pytest.mark.nightly]
        )
        for at, one in enumerate(first)
        for two in second
        for three in third
    ]
