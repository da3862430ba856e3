"""
Reorganisations in any order [B3]: history keeps its owner, nothing open is orphaned, nobody sees more or less than they should.

Per commit a few hundred steps, each night more than 2,000. The controls break the code on purpose and must be caught.
"""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text, true

from duban.organisation import considering, open_work, outlook
from duban.organisation.rules.changes import Close, Merge, Move, Rename
from duban.tree import changes, queries
from tests.cast import World, build_world
from tests.conftest import NOW
from tests.integration.organisation.play import Play, merges, moves, new_unit, split

NIGHTLY = 2000
ACTS = ("create", "move", "merge", "split", "close", "rename", "issue", "submit", "accept", "grant", "revoke", "plan")


def machine(make_world: Callable[[], World], totals: Counter[str]) -> type[RuleBasedStateMachine]:
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
                )
            )
            self.play.create(parent, level)

        @initialize()
        def ask(self) -> None:
            self.play.issue(self.play.world.units["C"])
            self.play.issue(self.play.world.units["T1"])

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
                for key in [key for key, issued in self.play.duties.items() if issued.owner == chosen.unit_id][:2]:
                    self.play.submit(key)
                    self.play.accept(key)

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
            if options := self.play.active("village", "enterprise"):
                unit = data.draw(st.sampled_from(options))
                heir = data.draw(st.sampled_from([None, *[key for key in options if key != unit]]))
                self.play.decide(Close(unit, heir))

        @rule(data=st.data(), name=st.sampled_from("甲乙丙丁"))
        def rename(self, data: st.DataObject, name: str) -> None:
            unit = data.draw(st.sampled_from(self.play.active("township", "village", "enterprise")))
            self.play.decide(Rename(unit, f"{name}地"))

        @rule(data=st.data())
        def issue(self, data: st.DataObject) -> None:
            if len(self.play.duties) < 60:
                self.play.issue(data.draw(st.sampled_from(self.play.active("county", "township"))))

        @rule(data=st.data())
        def submit(self, data: st.DataObject) -> None:
            if waiting := [key for key, state in self.play.states.items() if state == "open"]:
                self.play.submit(data.draw(st.sampled_from(waiting)))

        @rule(data=st.data())
        def accept(self, data: st.DataObject) -> None:
            if waiting := [key for key, state in self.play.states.items() if state in {"open", "submitted"}]:
                chosen = data.draw(st.sampled_from(waiting))
                self.play.submit(chosen)
                self.play.accept(chosen)

        @rule(data=st.data())
        def grant(self, data: st.DataObject) -> None:
            if len(self.play.held) < 12:
                self.play.grant(data.draw(st.sampled_from(self.play.active("township", "village", "enterprise"))))

        @rule(data=st.data())
        def revoke(self, data: st.DataObject) -> None:
            if holding := [person for person, roles in self.play.held.items() if roles]:
                self.play.revoke(data.draw(st.sampled_from(holding)))

        @rule(days=st.integers(1, 4))
        def pass_days(self, days: int) -> None:
            self.play.pass_days(days)

        @invariant()
        def holds(self) -> None:
            self.play.check()

        def teardown(self) -> None:
            totals["examples"] += 1
            totals.update(self.play.done)
            totals.update({f"checked {key}": count for key, count in self.play.checked.items()})

    return Reorganising


@pytest.fixture
def make_world(engine: Engine, request: pytest.FixtureRequest) -> Callable[[], World]:
    return lambda: build_world(engine, now=NOW, web=request)


@pytest.mark.parametrize(
    "examples, steps, least", [(8, 35, 200), pytest.param(60, 50, 2000, marks=pytest.mark.nightly)], ids=["commit", "nightly"]
)
def test_any_order_of_reorganisations_keeps_history_owners_and_sight(
    make_world: Callable[[], World], examples: int, steps: int, least: int
) -> None:
    totals: Counter[str] = Counter()
    run_state_machine_as_test(
        machine(make_world, totals),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=least < NIGHTLY, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
        ),
    )  # fmt: skip
    done = totals["checked states"] - totals["examples"]
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
    play.check()
    do(Move(units["V11"], units["T2"]))
    play.issue(units["T2"])
    play.check()
    do(Merge((units["V12"],), into=units["V21"]))
    play.check()
    play.pass_days(1)
    assert play.decide(split(play, units["T2"], lives_on=False, going=1))
    play.check()
    mine = next(key for key, issued in play.duties.items() if issued.owner == units["V12"])
    play.submit(mine)
    play.accept(mine)
    play.check()
    assert play.states[mine] == "accepted"
    for part in [key for key in play.active("township") if not play.holding(key)]:
        play.grant(part)
    play.check()
    assert not play.decide(Close(units["V21"])), "closed with open work"
    play.check()


def _forgets_descendants(patch: pytest.MonkeyPatch) -> None:
    whole = changes.paths.upper_bound
    patch.setattr(changes.paths, "upper_bound", lambda path: path + "!" if path.count(".") == 3 else whole(path))


def _forgets_heirs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queries, "_STANDINGS", text(str(queries._STANDINGS).replace("s.is_main", "false")))


def _every_part_inherits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("duban.access.holding.has_history", lambda _scope: true())
    patch.setattr(queries, "_STANDINGS", text(str(queries._STANDINGS).replace("AND s.is_main", "")))


def _forgets_former_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        queries,
        "_STANDINGS",
        text(str(queries._STANDINGS).replace("place.active_from <= :today ORDER", "place.active_to IS NULL ORDER")),
    )


def _rewrites_history(patch: pytest.MonkeyPatch) -> None:
    honest = changes.move_subtree

    def rewriting(scope, unit, parent, *, on):  # type: ignore[no-untyped-def]
        moved = honest(scope, unit, parent, on=on)
        statement = text("UPDATE duty SET path = :after WHERE tenant_id = :tenant AND path = :before")
        scope.session.execute(statement, {"after": moved.after, "before": moved.before, "tenant": scope.tenant_id})
        return moved

    patch.setattr("duban.organisation.applying.move_subtree", rewriting)


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
    _rewrites_history,
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
