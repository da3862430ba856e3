"""Ids of another tenant in place of one's own, and changes without the form's token: through every door with a row."""

from uuid import uuid4

import pytest

from tests import canary
from tests.matrix.rows import ALLOW, Cell, Row, cells_of, rows, thing_of, tokens
from tests.matrix.running import COOKIE, Asker


def yes(row: Row, asker: Asker) -> Cell | None:
    """Give the first cell of a row that is allowed."""
    return next((cell for cell in cells_of(row, asker.stage.own, asker.stage.foreign) if cell.expected == ALLOW), None)


def ids_of(row: Row) -> list[str]:
    """List the tokens of a row that stand for ids, in path, query, form and body."""
    bare = {name: value if "<" in value or value.startswith("=") else f"<{value}>" for name, value in row.address.items()}
    return sorted(set(tokens([bare, row.query, row.form, row.json])))


def test_a_foreign_id_is_answered_like_none_at_all(askers: dict[str, Asker]) -> None:
    asker, asked, wrong = askers["county"], 0, []
    foreign, before = asker.stage.foreign, len(canary.watch.leaks)
    for row in rows():
        cell = yes(row, asker) if "county" in row.kinds else None
        for token in ids_of(row) if cell else ():
            theirs = asker.ask(cell, auth=COOKIE, swap={token: str(thing_of(token, foreign, cell.place).id)})
            nobodys = asker.ask(cell, auth=COOKIE, swap={token: str(uuid4())})
            asked += 1
            if (theirs.answer, theirs.status, theirs.reached is None) != (
                nobodys.answer,
                nobodys.status,
                nobodys.reached is None,
            ):
                wrong.append(
                    f"{row.id} {token}: {theirs.answer} {theirs.status}, for none at all {nobodys.answer} {nobodys.status}"
                )
            if "-away-" in theirs.body:
                wrong.append(f"{row.id} {token}: shows what is the other tenant's")
    # the log says which address was asked for, and whose the asker is: here both tenants on purpose
    canary.watch.leaks[before:] = [leak for leak in canary.watch.leaks[before:] if "log lines" not in str(leak)]
    print(f"\n{asked} ids of another tenant tried")
    assert asked > 100
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_change_without_the_forms_token(askers: dict[str, Asker], monkeypatch: pytest.MonkeyPatch) -> None:
    asker, asked, wrong = askers["county"], 0, []
    whole = asker.credentials

    def without(who: str, auth: str) -> dict[str, str]:
        return {name: value for name, value in whole(who, auth).items() if name != "X-CSRFToken"}

    monkeypatch.setattr(asker, "credentials", without)
    for row in rows():
        cell = yes(row, asker) if row.is_change and "county" in row.kinds else None
        if cell is None:
            continue
        outcome = asker.ask(cell, auth=COOKIE)
        asked += 1
        if outcome.reached is not None or outcome.status != 400:  # noqa: PLR2004
            wrong.append(f"{row.id}: {outcome.answer} {outcome.status}")
    print(f"\n{asked} changes tried without a form token")
    assert asked > 100
    assert not wrong, "\n" + "\n".join(wrong)
