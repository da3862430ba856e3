"""What every piece of a house's furniture is made with."""

from io import BytesIO

from duban.files import operations as files
from duban.files.storage import open_store
from tests.matrix.stage import House

MANAGING = ("C", "T1", "T2", "V11")
MONTHLY = {"kind": "from_end", "every": "month", "count": 0, "side": "before"}
TEXT_FILE = b"what a unit keeps to itself\n"


def superiors(house: House, *, suffix: str = ".officer") -> list[str]:
    """List the places that have units below and somebody who manages them."""
    return [place for place in MANAGING if house.writers.get(place, "").partition("@")[0].endswith(suffix) and house.below(place)]


def store_of(house: House) -> object:
    return open_store(f"file://{house.data_dir}/files")


def keep(house: House, scope: object, owner: files.FileOwner, name: str) -> object:
    return files.store(
        scope, owner=owner, filename=name, stream=BytesIO(TEXT_FILE), into=store_of(house), limit_bytes=1_000_000
    ).id
