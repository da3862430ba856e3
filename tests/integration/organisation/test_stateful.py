"""
Reorganisations in any order [B3]: history keeps its owner, nothing open is orphaned, nobody sees more or less than they should.

Per commit a few hundred steps, each night more than 2,000. The controls break the code on purpose and must be caught.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, select, text, true

from duban.access import holding
from duban.assessments import versions
from duban.kernel.scope import Scope
from duban.organisation import applying, considering, open_work, outlook
from duban.organisation.rules.changes import Close, Merge, Move, Rename
from duban.tree import changes, queries
from duban.tree.models import Unit
from tests.cast import World, build_world
from tests.conftest import NOW
from tests.integration.organisation.paperwork import assess, define, finalise, hand_down, held_by, sign, take_on, write_letters
from tests.integration.organisation.play import OPEN, Play, line_up, merges, moves, new_unit, places, split

NIGHTLY = 2000
ACTS = (
    "create", "move", "merge", "split", "close", "rename", "issue", "submit", "accept", "grant", "revoke", "plan",
    "letters", "sign", "define", "hand down", "take on", "assess", "finalise", "place", "place again", "leave",
)  # fmt: skip
EYES = 4
"""How many people look after each step of a run per commit; at the end of an example, and at night always, all do."""
PAPERS = 120
DEPARTMENTS = 3


def machine(make_world: Callable[[], World], totals: Counter[str], *, eyes: int) -> type[RuleBasedStateMachine]:
    """Make the machine; every example plays in a tenant of its own."""

    class Reorganising(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.play = Play.begin(make_world())

        @rule(data=st.data())
        def create(self, data: st.DataObject) -> None:
            parent, level = data.draw(
                st.sampled_from(
                    [(self.play.world.units["C"], "township")]
                    + [(key, "village") for key in self.play.active("township")]
                    + [(key, "enterprise") for key in self.play.active("village")]
                    + [(self.play.world.units["C"], "department")] * (len(self.play.active("department")) < DEPARTMENTS)
                )
            )
            self.play.create(parent, level)

        @initialize()
        def ask(self) -> None:
            self.play.issue(self.play.world.units["C"])
            self.play.issue(self.play.world.units["T1"])
            for unit in ("C", "T1"):
                write_letters(self.play, self.play.world.units[unit])
            define(self.play, self.play.world.units["C"])
            line_up(self.play)

        @rule(data=st.data())
        def place(self, data: st.DataObject) -> None:
            if options := places(self.play):
                self.play.place(*data.draw(st.sampled_from(options)))

        @rule(data=st.data())
        def leave(self, data: st.DataObject) -> None:
            if options := [key for key, unit in self.play.units.items() if unit.line]:
                self.play.leave(data.draw(st.sampled_from(options)))

        @rule(data=st.data())
        def ask_down_the_line(self, data: st.DataObject) -> None:
            """What a department asks before its unit goes to another is still its own to review."""
            if options := [key for key in self.play.active("department") if self.play.below_in_sector(key)]:
                unit = data.draw(st.sampled_from(options))
                self.play.issue(unit)
                write_letters(self.play, unit)
                for above in self.play.active("department"):
                    if above != unit:
                        self.play.place(self.play.below_in_sector(unit)[0], above)
                        break

        @rule(data=st.data())
        def move(self, data: st.DataObject) -> None:
            if options := moves(self.play):
                self.play.decide(data.draw(st.sampled_from(options)))

        @rule(data=st.data())
        def move_and_hand_in(self, data: st.DataObject) -> None:
            """What was asked before a move is handed in and reviewed after it."""
            if options := moves(self.play):
                chosen = data.draw(st.sampled_from(options))
                self.play.decide(chosen)
                for key in [
                    key for key, made in self.play.papers.items() if made.owner == chosen.unit_id and made.kind == "duty"
                ][:2]:
                    self.play.submit(key)
                    self.play.accept(key)

        @rule(data=st.data())
        def move_and_sign(self, data: st.DataObject) -> None:
            """A letter of before a move is signed after it, by the leaders of the units it names."""
            if options := moves(self.play):
                chosen = data.draw(st.sampled_from(options))
                self.play.decide(chosen)
                for key in [key for key, made in self.play.papers.items() if made.to == chosen.unit_id][:2]:
                    sign(self.play, key)

        @rule(data=st.data(), days=st.integers(1, 5))
        def plan(self, data: st.DataObject, days: int) -> None:
            if options := moves(self.play):
                self.play.decide(data.draw(st.sampled_from(options)), days=days)

        @rule(data=st.data())
        def merge(self, data: st.DataObject) -> None:
            if options := merges(self.play):
                chosen = data.draw(st.sampled_from(options))
                if data.draw(st.booleans()) and isinstance(chosen, Merge) and chosen.into:
                    chosen = Merge((*chosen.unit_ids, chosen.into), new=new_unit(self.play.units[chosen.into].level))
                self.play.decide(chosen)

        @rule(data=st.data(), lives_on=st.booleans(), going=st.integers(0, 3))
        def split(self, data: st.DataObject, lives_on: bool, going: int) -> None:
            if options := self.play.active("township", "village"):
                self.play.decide(split(self.play, data.draw(st.sampled_from(options)), lives_on=lives_on, going=going))

        @rule(data=st.data())
        def close(self, data: st.DataObject) -> None:
            if options := self.play.active("village", "enterprise", "department"):
                unit = data.draw(st.sampled_from(options))
                heir = data.draw(st.sampled_from([None, *[key for key in options if key != unit]]))
                self.play.decide(Close(unit, heir))

        @rule(data=st.data(), name=st.sampled_from("甲乙丙丁"))
        def rename(self, data: st.DataObject, name: str) -> None:
            unit = data.draw(st.sampled_from(self.play.active("township", "village", "enterprise")))
            self.play.decide(Rename(unit, f"{name}地"))

        @rule(data=st.data())
        def issue(self, data: st.DataObject) -> None:
            if len(self.play.papers) < PAPERS:
                self.play.issue(data.draw(st.sampled_from(self.play.active("county", "township", "department"))))

        @rule(data=st.data())
        def letters(self, data: st.DataObject) -> None:
            write_letters(self.play, data.draw(st.sampled_from(self.play.active("county", "township", "department"))))

        @rule(data=st.data())
        def sign(self, data: st.DataObject) -> None:
            if waiting := self.standing("letter", *OPEN["letter"]):
                sign(self.play, data.draw(st.sampled_from(waiting)))

        @rule(data=st.data())
        def define(self, data: st.DataObject) -> None:
            if len(self.play.papers) < PAPERS:
                define(self.play, data.draw(st.sampled_from(self.play.active("county", "township", "department"))))

        @rule(data=st.data())
        def hand_down(self, data: st.DataObject) -> None:
            if options := [
                key for key in self.play.active("county", "township", "department") if held_by(self.play, key, "accepted")
            ]:
                unit = data.draw(st.sampled_from(options))
                hand_down(self.play, unit)
                for child in self.play.children(unit)[:2] if data.draw(st.booleans()) else ():
                    take_on(self.play, child)

        @rule(data=st.data())
        def take_on(self, data: st.DataObject) -> None:
            if options := [
                key for key in self.play.active("township", "village", "enterprise") if held_by(self.play, key, "issued")
            ]:
                take_on(self.play, data.draw(st.sampled_from(options)))

        @rule(data=st.data())
        def assess(self, data: st.DataObject) -> None:
            if len(self.play.papers) < PAPERS:
                assess(self.play, data.draw(st.sampled_from(self.play.active("county", "township"))))

        @rule(data=st.data())
        def finalise(self, data: st.DataObject) -> None:
            if self.play.rounds:
                finalise(self.play, data.draw(st.sampled_from(sorted(self.play.rounds))))

        def standing(self, kind: str, *states: str) -> list[UUID]:
            """List the papers of a kind that stand so."""
            return [key for key, made in self.play.papers.items() if made.kind == kind and self.play.states[key] in states]

        @rule(data=st.data())
        def submit(self, data: st.DataObject) -> None:
            if waiting := self.standing("duty", "open"):
                self.play.submit(data.draw(st.sampled_from(waiting)))

        @rule(data=st.data())
        def accept(self, data: st.DataObject) -> None:
            if waiting := self.standing("duty", "open", "submitted"):
                chosen = data.draw(st.sampled_from(waiting))
                self.play.submit(chosen)
                self.play.accept(chosen)

        @rule(data=st.data())
        def grant(self, data: st.DataObject) -> None:
            if len(self.play.held) < 18:
                unit = data.draw(st.sampled_from(self.play.active("township", "village", "enterprise", "department")))
                self.play.grant(unit, leads=data.draw(st.booleans()))

        @rule(data=st.data())
        def revoke(self, data: st.DataObject) -> None:
            if holding := [person for person, roles in self.play.held.items() if roles]:
                self.play.revoke(data.draw(st.sampled_from(holding)))

        @rule(days=st.integers(1, 4))
        def pass_days(self, days: int) -> None:
            self.play.pass_days(days)

        @invariant()
        def holds(self) -> None:
            if eyes:
                self.play.check_some(eyes)
            else:
                self.play.check()

        def teardown(self) -> None:
            if eyes:
                self.play.check()
            totals["examples"] += 1
            totals.update(self.play.done)
            totals.update({f"checked {key}": count for key, count in self.play.checked.items()})

    return Reorganising


@pytest.fixture
def make_world(engine: Engine, request: pytest.FixtureRequest) -> Callable[[], World]:
    return lambda: build_world(engine, now=NOW, web=request)


@pytest.mark.parametrize(
    "examples, steps, least", [(7, 35, 200), pytest.param(66, 40, 2000, marks=pytest.mark.nightly)], ids=["commit", "nightly"]
)
def test_any_order_of_reorganisations_keeps_history_owners_and_sight(
    make_world: Callable[[], World], examples: int, steps: int, least: int
) -> None:
    totals: Counter[str] = Counter()
    run_state_machine_as_test(
        machine(make_world, totals, eyes=0 if least >= NIGHTLY else EYES),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=least < NIGHTLY, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
        ),
    )  # fmt: skip
    done = totals["checked states"] - totals["examples"] * (1 if least >= NIGHTLY else 2)
    print(f"{done} steps: " + ", ".join(f"{key} {count}" for key, count in sorted(totals.items())))
    assert done >= least
    missed = [act for act in ACTS if not totals[act]]
    assert len(missed) <= (0 if least >= NIGHTLY else 3), f"no {missed} in the whole run"


# --- controls: the same play, scripted; each mutant must be caught by the very same checks


def script(play: Play) -> None:
    """Everything a mutant could get wrong, in a dozen steps."""
    units = play.world.units

    def do(change: Move | Merge | Close) -> None:
        assert play.decide(change)
        play.check()

    play.create(units["V11"], "enterprise")
    play.issue(units["T1"])
    play.issue(units["C"])
    _paperwork(play)
    play.check()
    do(Move(units["V11"], units["T2"]))
    play.issue(units["T2"])
    play.check()
    do(Merge((units["V12"],), into=units["V21"]))
    play.check()
    play.pass_days(1)
    assert play.decide(split(play, units["T2"], lives_on=False, going=1))
    play.check()
    mine = next(key for key, made in play.papers.items() if made.owner == units["V12"] and made.kind == "duty")
    play.submit(mine)
    play.accept(mine)
    play.check()
    assert play.states[mine] == "accepted"
    for key in [key for key, made in play.papers.items() if made.kind == "letter" and made.to == units["V11"]]:
        sign(play, key)  # by its own leader, though it stands elsewhere by now
        sign(play, key)  # and by the leader of what its old superior is now
        assert play.states[key] == "in_force"
    for opened in list(play.rounds):
        finalise(play, opened)
    play.check()
    assert len(play.results) == 4, "the county's two townships, the township's two villages"
    for part in [key for key in play.active("township") if not play.holding(key)]:
        play.grant(part)
    play.check()
    assert not play.decide(Close(units["V21"])), "closed with open work"
    play.check()


def _paperwork(play: Play) -> None:
    """Letters, targets and scorecards of both superiors, begun before anything is reorganised."""
    units = play.world.units
    for upper in (units["C"], units["T1"]):
        write_letters(play, upper)
        assess(play, upper)
    define(play, units["C"])
    hand_down(play, units["C"])
    take_on(play, units["T1"])
    hand_down(play, units["T1"])
    assert {made.kind for made in play.papers.values()} == {"duty", "letter", "share", "card"}


def _forgets_descendants(patch: pytest.MonkeyPatch) -> None:
    whole = changes.paths.upper_bound
    patch.setattr(changes.paths, "upper_bound", lambda path: path + "!" if path.count(".") == 3 else whole(path))


def _forgets_heirs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queries, "_STANDINGS", text(str(queries._STANDINGS).replace("s.is_main", "false")))


def _every_part_inherits(patch: pytest.MonkeyPatch) -> None:
    honest = holding.standing_beside
    patch.setattr(holding, "standing_beside", lambda *asked: (*honest(*asked)[:2], true()))
    patch.setattr(holding, "_held", holding._held.__wrapped__)
    patch.setattr(queries, "_STANDINGS", text(str(queries._STANDINGS).replace("AND s.is_main", "")))


def _forgets_former_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        queries,
        "_STANDINGS",
        text(str(queries._STANDINGS).replace("place.active_from <= :today ORDER", "place.active_to IS NULL ORDER")),
    )


def _rewrites(table: str, column: str = "path") -> Callable[[pytest.MonkeyPatch], None]:
    """Give a mutant whose moves take what was made before along to the new place."""

    def mutant(patch: pytest.MonkeyPatch) -> None:
        honest = changes.move_subtree

        def rewriting(scope, unit, parent, *, on):  # type: ignore[no-untyped-def]
            moved = honest(scope, unit, parent, on=on)
            statement = text(f"UPDATE {table} SET {column} = :after WHERE tenant_id = :tenant AND {column} = :before")  # noqa: S608
            scope.session.execute(statement, {"after": moved.after, "before": moved.before, "tenant": scope.tenant_id})
            return moved

        patch.setattr("duban.organisation.applying.move_subtree", rewriting)

    mutant.__name__ = f"_rewrites_{table}_{column}"
    return mutant


def _forgets_an_audit_row(patch: pytest.MonkeyPatch) -> None:
    honest = applying.record

    def forgetting(scope: Scope, act: str, *args: object, **details: object) -> None:
        if act != "unit.moved":
            honest(scope, act, *args, **details)  # type: ignore[arg-type]

    patch.setattr(applying, "record", forgetting)


def _shows_what_went_before(patch: pytest.MonkeyPatch) -> None:
    """The new superior stands above the unit's former places, too."""
    honest = holding.grants_held

    def generous(scope: Scope, person_id: UUID) -> tuple[holding.Grant, ...]:
        found = honest(scope, person_id)
        here = [grant for grant in found if not grant.former]
        rows = scope.session.execute(
            text(
                "SELECT was.path FROM placement AS is_now JOIN placement AS was"
                " ON was.tenant_id = :tenant AND was.unit_id = is_now.unit_id AND was.active_to IS NOT NULL"
                " WHERE is_now.tenant_id = :tenant AND is_now.active_to IS NULL AND is_now.parent_id = ANY(:units)"
            ),
            {"tenant": scope.tenant_id, "units": [UUID(grant.unit) for grant in here]},
        )
        above = [path.rpartition(".")[0].rpartition(".")[0] + "." for (path,) in rows]
        return (*found, *[replace(grant, path=path, former=True) for grant in here for path in above])

    patch.setattr(holding, "grants_held", generous)


def _loses_an_inherited_result(patch: pytest.MonkeyPatch) -> None:
    """Freezing leaves out who was moved meanwhile."""
    honest = versions.write

    def losing(scope, assessment, scheme, facts, cards, **more):  # type: ignore[no-untyped-def]
        standing = set(scope.session.scalars(select(Unit.path).where(Unit.tenant_id == scope.tenant_id)))
        honest(scope, assessment, scheme, facts, [card for card in cards if card.path in standing], **more)

    patch.setattr(versions, "write", losing)


def _closes_with_open_work(patch: pytest.MonkeyPatch) -> None:
    for module in (considering, outlook):
        patch.setattr(module, "count_open", lambda _scope, _paths: [])
    assert open_work.count_open


def _leaves_grants_behind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("duban.organisation.applying._repeat", lambda *_args: None)


def _answers_for_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queries, "_ANSWERING", text(str(queries._ANSWERING).replace("s.is_main", "false")))


def _forgets_the_old_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(changes, "_MOVE_PLACES", text(
        "UPDATE placement SET path = :after || substr(path, length(:before) + 1),"
        " parent_id = CASE WHEN path = :before THEN CAST(:parent AS uuid) ELSE parent_id END"
        " WHERE tenant_id = :tenant AND path >= :before AND path < :beyond AND CAST(:line AS text) IS NULL AND active_from <= :on"
    ))  # fmt: skip


MUTANTS = (
    _forgets_descendants,
    _forgets_heirs,
    _every_part_inherits,
    _forgets_former_places,
    _rewrites("duty"),
    _rewrites("letter", "to_path"),
    _rewrites("allocation"),
    _rewrites("scorecard"),
    _forgets_an_audit_row,
    _shows_what_went_before,
    _loses_an_inherited_result,
    _closes_with_open_work,
    _leaves_grants_behind,
    _answers_for_nobody,
    _forgets_the_old_place,
)


def test_the_script_itself_is_clean(make_world: Callable[[], World]) -> None:
    play = Play.begin(make_world())
    script(play)
    print(dict(play.done), dict(play.checked))
    assert play.checked["decisions"] > 100


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__.strip("_"))
def test_a_broken_reorganisation_is_caught(
    make_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, mutant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        script(Play.begin(make_world()))
