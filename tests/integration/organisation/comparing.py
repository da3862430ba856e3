"""What must always be so, whatever order things were done in: the real tables against the model of `play`."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import literal, null, select, union_all

from duban.access.checks import Place, may, readable
from duban.assessments.models import FrozenResult, Scorecard
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned
from duban.letters.models import Letter
from duban.reporting.models import Duty
from duban.targets.models import Allocation
from duban.tree.models import Placement, Unit
from duban.tree.queries import answering
from tests.integration.organisation.rights import ACTS, OBJECTS, Kind, tokens

if TYPE_CHECKING:
    from tests.integration.organisation.play import Play

TABLES: dict[Kind, Any] = {"duty": Duty, "letter": Letter, "share": Allocation, "card": Scorecard}


def compare(play: "Play", people: list[PersonId] | None = None) -> None:
    """Compare everything; sight for these people only, for all where none are named. Raises: AssertionError."""
    with play.at_work(None) as scope:
        _tree(play, scope)
        _history(play, scope)
        _results(play, scope)
        _orphans(play, scope)
    for person in list(play.held) if people is None else people:
        with play.at_work(person) as scope:
            _sight(play, scope, person)
    play.checked["states"] += 1


def _tree(play: "Play", scope: Scope) -> None:
    units = {unit.id: unit for unit in scope.session.scalars(owned(scope, Unit))}
    assert units.keys() == play.units.keys(), "a unit has come or gone by itself"
    places = scope.session.scalars(owned(scope, Placement)).all()
    standing = {place.unit_id: place for place in places if place.is_primary and place.active_to is None}
    in_sector = {place.unit_id: place.parent_id for place in places if place.line == "sector" and place.active_to is None}
    assert in_sector == {key: unit.line for key, unit in play.units.items() if unit.line is not None}, (
        "placed elsewhere in the line"
    )
    play.checked["places in the line"] += len(in_sector)
    for key, model in play.units.items():
        unit = units[key]
        assert play.codes.setdefault(key, unit.code) == unit.code, "an id names another unit"
        assert (unit.active_to is None) == model.active, f"{unit.name} is {'closed' if unit.active_to else 'open'}"
        assert (key in standing) == model.active
        if not model.active:
            continue
        assert unit.parent_id == model.parent
        assert sorted(unit.lines) == tokens(play.in_sector(key)), "somebody else stands above in the sector line"
        assert (standing[key].path, standing[key].parent_id) == (unit.path, model.parent)
        if model.parent is not None:
            assert play.units[model.parent].active, "below a closed unit"
            above, _, own = unit.path.removesuffix(".").rpartition(".")
            assert f"{above}." == units[model.parent].path, "path is not the parent's path and a label"
            assert own and "." not in own
        if model.names:
            assert unit.name == model.names[-1]
    for place in places:
        assert play.paths.setdefault(place.path, place.unit_id) == place.unit_id, "a label was given twice"
    for place in places:
        above = place.path.removesuffix(".").rpartition(".")[0]
        assert (play.paths[f"{above}."] if above else None) == place.parent_id, "a former place hangs on another unit's path"
    play.checked["units"] += len(units)
    play.checked["places"] += len(places)


def _history(play: "Play", scope: Scope) -> None:
    """Every paper is where it was made, for whom it was made."""
    found: dict[Kind, set[UUID]] = defaultdict(set)
    for kind, table in TABLES.items():
        columns = [table.id, table.path, table.to_path, table.lines, getattr(table, "work_line", null())]
        if kind == "letter":
            columns += [Letter.upper_id, Letter.lower_id, Letter.state]
        else:
            columns += [table.unit_id, table.unit_id, table.state]
        for key, path, to_path, lines, line, owner, addressee, state in scope.session.execute(
            select(*columns).where(table.tenant_id == scope.tenant_id)
        ):
            found[kind].add(key)
            made = play.papers[key]
            assert (made.kind, made.owner, made.path, made.to_path) == (kind, owner, path, to_path), "history was rewritten"
            assert (sorted(lines), line) == (made.lines, made.line), "who stood above in the line was rewritten"
            assert made.to is None or made.to == addressee, "history was rewritten"
            assert play.states[key] == str(getattr(state, "value", state)), f"{kind} is {state}"
    assert {key: made.kind for key, made in play.papers.items()} == {key: kind for kind in found for key in found[kind]}
    play.checked["papers"] += len(play.papers)


def _results(play: "Play", scope: Scope) -> None:
    rows = scope.session.execute(
        select(FrozenResult.scorecard_id, FrozenResult.path, FrozenResult.total, FrozenResult.result_digest, FrozenResult.version)
        .where(FrozenResult.tenant_id == scope.tenant_id)
        .order_by(FrozenResult.version)
    )
    found = {row.scorecard_id: tuple(row) for row in rows}
    for card, row in found.items():
        assert play.results.setdefault(card, row) == row, "a frozen result is another one"
        assert row[1] == play.papers[card].path, "a result does not stand where its card does"
    assert found.keys() == play.results.keys(), "a result is gone"
    play.checked["frozen results"] += len(found)


def _orphans(play: "Play", scope: Scope) -> None:
    """Everything open has one active unit that answers for it, and it is the heir by the model."""
    still_open = {key: made for key, made in play.papers.items() if play.is_open(key)}
    wanted = [(made.path, made.owner) for made in still_open.values()]
    wanted += [(made.to_path, made.to) for made in still_open.values() if made.to is not None and made.to_path is not None]
    answers = answering(scope, {path for path, _ in wanted})
    for path, unit in wanted:
        heir = play.heir_of(unit)
        assert list(answers.get(path, ())) == [heir], "something open nobody answers for, or the wrong unit"
        assert play.units[heir].active, "something open of a closed unit"
    play.checked["open papers"] += len(still_open)


def _sight(play: "Play", scope: Scope, person: PersonId) -> None:
    lists = [
        select(literal(kind).label("kind"), table.id).where(
            table.tenant_id == scope.tenant_id, readable(scope, table, OBJECTS[kind])
        )
        for kind, table in TABLES.items()
    ]
    seen = {key for _, key in scope.session.execute(union_all(*lists))}
    expected = {key for key, made in play.papers.items() if play.expects(person, made, OBJECTS[made.kind], "read")}
    assert seen - expected == set(), "sees what is none of theirs"
    assert expected - seen == set(), "does not see what is theirs"
    own = {key for key, made in play.papers.items() for unit, _ in play.held[person] if made.owner in play.stands_for(unit)}
    assert own <= seen, "does not see their own unit's work"
    for key, made in play.papers.items():
        place = Place(made.path, made.to_path, lines=made.lines, work_line=made.line)
        assert may(scope, OBJECTS[made.kind], "read", place) == (key in seen), "list and decision differ"
        for obj, act in ACTS[made.kind]:
            assert may(scope, obj, act, place) == play.expects(person, made, obj, act), f"{obj} {act} by the wrong people"
            play.checked["decisions"] += 1
    play.checked["people"] += 1
