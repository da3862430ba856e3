"""
Ids of others in place of one's own, and changes that no form of ours has sent: through every door with a row.

Imported by test_matrix.py, so that the worlds are made once for both.
"""

import re
from uuid import uuid4
from zlib import crc32

import pytest

from tests import canary
from tests.matrix.opening import locks
from tests.matrix.rows import ALLOW, CANNOT, Cell, Row, cells_of, expected, rows, thing_of, tokens
from tests.matrix.running import COOKIE, Asker, Outcome, as_token

SIBLINGS = {"T1": "T2", "V11": "V12", "D1": "D2", "V1": "V2"}
"""A unit of the same kind under the same superior."""
_CHANGING = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}|content="[^"]*"|value="[^"]*"|nonce="[^"]*"')
OFTEN = 6
"""Per commit units beside lend their ids to one row in so many; nightly to all."""
BAD_REQUEST, HIDDEN = 400, 404


def yes(row: Row, asker: Asker) -> Cell | None:
    """Give the first cell of a row that is allowed."""
    return next((cell for cell in cells_of(row, asker.stage.own, asker.stage.foreign) if cell.expected == ALLOW), None)


def own_yes(row: Row, asker: Asker, place: str) -> Cell | None:
    """Give an allowed cell of somebody who stands at the place: a superior may do it beside as well, and would tell nothing."""
    cells = cells_of(row, asker.stage.own, asker.stage.foreign)
    return next(
        (cell for cell in cells if cell.expected == ALLOW and cell.place == place and cell.who.endswith(f"@{place}")), None
    )


def ids_of(row: Row) -> list[str]:
    """List the tokens of a row that stand for ids, in path, query, form and body."""
    bare = {name: as_token(value) for name, value in row.address.items()}
    return sorted(set(tokens([bare, row.query, row.form, row.json])))


def differs(theirs: Outcome, nobodys: Outcome) -> str:
    """Say in what an answer for a foreign id differs from the one for an id that nobody has."""
    for of in ("answer", "status"):
        if getattr(theirs, of) != getattr(nobodys, of):
            return f"{of} {getattr(theirs, of)}, for none at all {getattr(nobodys, of)}"
    if (theirs.reached is None) != (nobodys.reached is None):
        return "only one of them changes something"
    if theirs.status == HIDDEN and _CHANGING.sub("", theirs.body) != _CHANGING.sub("", nobodys.body):
        return f"another body: {theirs.body[-200:]!r}, for none at all {nobodys.body[-200:]!r}"
    return "shows what is the other tenant's" if "-away-" in theirs.body else ""


def swap_foreign(asker: Asker, some: tuple[Row, ...]) -> tuple[int, int, list[str]]:
    """Try ids of the other tenant; give how many, how many answered with 404, and what is wrong."""
    asked, hidden, wrong = 0, 0, []
    foreign, before = asker.stage.foreign, len(canary.watch.leaks)
    for row in some:
        cell = yes(row, asker)
        for token in ids_of(row) if cell else ():
            theirs = asker.ask(cell, auth=COOKIE, swap={token: str(thing_of(token, foreign, cell.place).id)})
            nobodys = asker.ask(cell, auth=COOKIE, swap={token: str(uuid4())})
            asked, hidden = asked + 1, hidden + (theirs.status == HIDDEN)
            if told := differs(theirs, nobodys):
                wrong.append(f"{row.id} {token}: {told}")
    # the log says which address was asked for, and whose the asker is: here both tenants on purpose
    canary.watch.leaks[before:] = [leak for leak in canary.watch.leaks[before:] if "log lines" not in str(leak)]
    return asked, hidden, wrong


def swap_sibling(asker: Asker, some: tuple[Row, ...]) -> tuple[int, list[str]]:
    """Try ids of a unit of the same kind beside: the answer is the one written for it, and things of two units never mix."""
    asked, wrong, house = 0, [], asker.stage.own
    for row in some:
        for place, sibling in SIBLINGS.items():
            cell = own_yes(row, asker, place) if row.of and (row.of, place) in house.things else None
            names = ids_of(row) if cell and (row.of, sibling) in house.things else []
            for token in names:
                if "@" in token or "^" in token or (token.strip("<>").partition(":")[0], sibling) not in house.things:
                    continue
                outcome = asker.ask(cell, auth=COOKIE, swap={token: str(thing_of(token, house, sibling).id)})
                asked += 1
                told = mixed(row, cell, token, outcome, asker, sibling, alone=len(names) == 1)
                wrong += [f"{row.id} {token} of {sibling} by {cell.who}: {told}"] if told else []
    return asked, wrong


def mixed(row: Row, cell: Cell, token: str, outcome: Outcome, asker: Asker, sibling: str, *, alone: bool) -> str:  # noqa: PLR0913
    """Say what is wrong with the answer for a sibling's id."""
    house = asker.stage.own
    if outcome.answer != ALLOW:
        return ""
    _, written = expected(row.rule, house, cell.who, house.things[row.of or "", sibling])
    if alone and written in {ALLOW, CANNOT}:
        return ""
    return f"allowed, {'written: ' + written if alone else 'together with things of ' + str(cell.place)}"


def send_without(asker: Asker, some: tuple[Row, ...], monkeypatch: pytest.MonkeyPatch, **more: str) -> tuple[int, list[str]]:
    """Send every change without the form's token, or, with `more` headers, with it: each must be refused as no form of ours."""
    asked, wrong, whole = 0, [], asker.credentials

    def others(who: str, auth: str) -> dict[str, str]:
        given = whole(who, auth)
        return given | more if more else {name: value for name, value in given.items() if name != "X-CSRFToken"}

    with monkeypatch.context() as patch:
        patch.setattr(asker, "credentials", others)
        for row in some:
            cell = yes(row, asker) if row.is_change else None
            if cell is None:
                continue
            outcome = asker.ask(cell, auth=COOKIE)
            asked += 1
            if outcome.reached is not None or outcome.status != BAD_REQUEST:
                wrong.append(f"{row.id}: {outcome.answer} {outcome.status}")
    return asked, wrong


def of_county() -> tuple[Row, ...]:
    """List the rows asked here."""
    return tuple(row for row in rows() if "county" in row.kinds)


class TestSwapping:
    """What others' ids and others' pages come to."""

    def test_a_foreign_id_is_answered_like_none_at_all(self, askers: dict[str, Asker]) -> None:
        asked, hidden, wrong = swap_foreign(askers["county"], of_county())
        print(f"\n{asked} ids of another tenant tried, {hidden} answered 404 with the same body")
        assert asked > 100
        assert hidden > 100
        assert not wrong, "\n" + "\n".join(wrong)

    def test_an_id_of_a_unit_beside_opens_nothing(self, askers: dict[str, Asker]) -> None:
        some = of_county()
        asked, wrong = swap_sibling(askers["county"], tuple(row for row in some if crc32(row.id.encode()) % OFTEN == 0))
        print(f"\n{asked} ids of units beside tried")
        assert asked > OFTEN
        assert not wrong, "\n" + "\n".join(wrong)

    @pytest.mark.nightly
    def test_an_id_of_a_unit_beside_opens_nothing_anywhere(self, askers: dict[str, Asker]) -> None:
        asked, wrong = 0, []
        for kind, asker in askers.items():
            count, found = swap_sibling(asker, tuple(row for row in rows() if kind in row.kinds))
            asked, wrong = asked + count, wrong + found
        print(f"\n{asked} ids of units beside tried in {len(askers)} kinds of tenant")
        assert asked > 500  # noqa: PLR2004
        assert not wrong, "\n" + "\n".join(wrong)

    def test_no_change_without_the_forms_token(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        asked, wrong = send_without(askers["county"], of_county(), monkeypatch)
        print(f"\n{asked} changes tried without a form token")
        assert asked > 100
        assert not wrong, "\n" + "\n".join(wrong)

    def test_no_change_from_another_site(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        some = tuple(row for row in of_county() if crc32(row.id.encode()) % OFTEN == 1)
        asked, wrong = send_without(askers["county"], some, monkeypatch, Origin="https://evil.example")
        print(f"\n{asked} changes tried from another site")
        assert asked > OFTEN
        assert not wrong, "\n" + "\n".join(wrong)

    @pytest.mark.nightly
    @pytest.mark.parametrize("header", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"])
    def test_no_change_from_another_site_at_all(
        self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch, header: str
    ) -> None:
        asked, wrong = send_without(askers["county"], of_county(), monkeypatch, **dict([header.split(": ", 1)]))
        print(f"\n{asked} changes tried with {header}")
        assert asked > 100
        assert not wrong, "\n" + "\n".join(wrong)


class TestSwappingControls:
    """Each of these goes red when the check it is for is gone."""

    def test_a_door_that_tells_foreign_from_none_is_told(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        asker = askers["county"]
        row = next(row for row in rows() if row.door == "reporting.show_duty")
        foreign = str(asker.stage.foreign.things["duty", yes(row, asker).place].id)
        show = asker.app.view_functions[row.door]

        def tells(duty_id: object) -> object:
            return ("ours, but not for you", 404) if str(duty_id) == foreign else show(duty_id=duty_id)

        monkeypatch.setitem(asker.app.view_functions, row.door, tells)
        assert swap_foreign(asker, (row,))[2]

    def test_a_door_that_lets_a_sibling_in_is_told(self, askers: dict[str, Asker]) -> None:
        some = tuple(row for row in rows() if row.door == "api-requirements.get_duty")
        with locks.without("reporting/queries/duties.py:get_duty leave 1"):
            assert swap_sibling(askers["county"], some)[1]

    def test_parts_of_two_programmes_that_mix_are_told(self, askers: dict[str, Asker]) -> None:
        some = tuple(row for row in rows() if row.door == "programmes.drafting.remove_stage")
        with locks.without("programmes/operations/drafting.py:_part refuse 1"):
            assert swap_sibling(askers["county"], some)[1]

    def test_a_form_guard_that_is_gone_is_told(self, askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
        some = tuple(row for row in rows() if row.door == "reporting.accept")
        with locks.without("web/forms.py:FormGuard.protect door 1"):
            assert send_without(askers["county"], some, monkeypatch)[1]
        with locks.without("web/forms.py:FormGuard.protect refuse 1"):
            assert send_without(askers["county"], some, monkeypatch, Origin="https://evil.example")[1]
