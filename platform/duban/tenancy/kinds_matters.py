"""What a kind says about supervised matters: numbers, sources with their terms, extensions, meetings."""

from collections.abc import Mapping

from duban.calendar.due_rules import DayUnit
from duban.tenancy.kinds_catalogue import MOST_DAYS
from duban.tenancy.kinds_reading import Place, check_unique

SERIES = ("matter", "circular")
SOURCES_NEEDED = ("minutes", "overdue_duty")
LONGEST_PREFIX = 20
MOST_EXTENSIONS = 20


def read_matters(place: Place) -> tuple[str, ...]:
    """Check matters.yaml. Gives: the codes of the sources; the catalogue keeps the file as it is written."""
    keys = place.mapping(required=("numbers", "sources", "extension", "correction_days", "meetings"), optional=("organ",))
    if len(keys.keys() - {"organ"}) < 5:  # noqa: PLR2004 - all five are needed
        return ()
    for prefix in keys["numbers"].mapping(required=SERIES).values():
        if len(prefix.text()) > LONGEST_PREFIX:
            prefix.complain(f"must be at most {LONGEST_PREFIX} characters")
    _extension(keys["extension"])
    if "organ" in keys:
        keys["organ"].name()
    keys["correction_days"].whole(lowest=1, highest=MOST_DAYS)
    _meetings(keys["meetings"])
    return _sources(keys["sources"])


def _sources(place: Place) -> tuple[str, ...]:
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "name", "terms"))
        if len(keys) < 3:  # noqa: PLR2004 - all three are needed
            continue
        codes.append((keys["code"].code(), keys["code"]))
        keys["name"].name()
        terms = [found for term in keys["terms"].items() if (found := _term(term)) is not None]
        if not terms:
            keys["terms"].complain("needs at least one term")
        check_unique(terms, "term")
    check_unique(codes, "source")
    known = tuple(code for code, _ in codes)
    for needed in SOURCES_NEEDED:
        if needed not in known:
            place.complain(f"{needed} is missing: the program makes matters of it itself")
    return known


def _term(place: Place) -> tuple[str, Place] | None:
    keys = place.mapping(required=("code", "name", "days", "unit"), optional=("least",))
    if not {"code", "name", "days", "unit"} <= keys.keys():
        return None
    keys["name"].name()
    days = keys["days"].whole(lowest=1, highest=MOST_DAYS)
    keys["unit"].one_of([unit.value for unit in DayUnit], "a unit of days")
    if "least" in keys and keys["least"].whole(lowest=1, highest=MOST_DAYS) > days:
        keys["least"].complain("is more than days")
    return keys["code"].code(), keys["code"]


def _extension(place: Place) -> None:
    keys: Mapping[str, Place] = place.mapping(required=("most", "longest_days"))
    if "most" in keys:
        keys["most"].whole(lowest=0, highest=MOST_EXTENSIONS)
    if "longest_days" in keys:
        keys["longest_days"].whole(lowest=0, highest=MOST_DAYS)


def _meetings(place: Place) -> None:
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "name"))
        if len(keys) == 2:  # noqa: PLR2004 - both are needed
            codes.append((keys["code"].code(), keys["code"]))
            keys["name"].name()
    check_unique(codes, "meeting")
    if not codes:
        place.complain("needs at least one kind of meeting")
