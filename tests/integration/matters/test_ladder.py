"""The clock and the sheets: what it does, what it costs, and the circular at the end."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from duban.calendar.ladders import Colour
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.letters.rules.frozen import is_intact
from duban.matters import operations, queries
from duban.matters.clockwork import coming_sheet
from duban.matters.errors import CircularError, ColourError, FormError, MatterStateError
from duban.matters.models import Matter
from duban.matters.papers import lay_out
from duban.matters.states import Cycle, MatterState, Origin, PaperKind, Question
from duban.notifications.models import Effect
from tests.cast import World
from tests.integration.matters.stage import REASON, matter_of, register, run_clock


def morning(day: int, month: int = 3) -> datetime:
    """8:30 in Shanghai."""
    return datetime(2026, month, day, 0, 30, tzinfo=UTC)


def walk(world: World, matter_id, until: date) -> list[tuple[date, Colour]]:
    """Let the clock run every morning; give the days on which the colour changed."""
    day, seen = world.now.date(), []
    colour = matter_of(world, matter_id).colour
    while day < until:
        day += timedelta(days=1)
        run_clock(world, at=datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC))
        now = matter_of(world, matter_id).colour
        if now is not colour and now is not None:
            seen.append((day, now))
        colour = now
    return seen


def test_the_three_colours_and_the_circular(world: World) -> None:
    matter_id = register(world, co_ids=[world.units["D1"]])  # due 25 March
    found = walk(world, matter_id, date(2026, 4, 3))
    assert found == [
        (date(2026, 3, 22), Colour.BLUE), (date(2026, 3, 26), Colour.ORANGE), (date(2026, 3, 29), Colour.RED),
    ]  # fmt: skip
    with world.as_("lena", at=morning(30)) as scope:
        matter = queries.get_readable_matter(scope, matter_id)
        papers = queries.papers_of(scope, matter)
        assert [(one.kind, one.colour, one.origin, one.number) for one in papers] == [
            (PaperKind.SHEET, Colour.BLUE, Origin.LADDER, "督办〔2026〕1号-1"),
            (PaperKind.SHEET, Colour.ORANGE, Origin.LADDER, "督办〔2026〕1号-2"),
            (PaperKind.SHEET, Colour.RED, Origin.LADDER, "督办〔2026〕1号-3"),
            (PaperKind.CIRCULAR, Colour.RED, Origin.LADDER, ""),
        ]
        assert [one.id for one in queries.list_matters(scope, queries.Filter("decide")).items] == [matter_id]
    with pytest.raises(NotAllowedError), world.as_("cora", at=morning(30)) as scope:
        operations.issue_circular(scope, matter_id=matter_id, paper_id=papers[-1].id)
    with world.as_("lena", at=morning(30)) as scope:
        paper = operations.issue_circular(scope, matter_id=matter_id, paper_id=papers[-1].id)
        assert paper.number == "督办通报〔2026〕1号"
        assert is_intact(paper.body, digest=paper.digest, algorithm=paper.algorithm)
        layout = lay_out(paper)
    assert (layout.issuer, layout.number, layout.day) == ("望江县安全生产委员会", "督办通报〔2026〕1号", "2026年3月30日")
    assert layout.addressee == "城东镇、交通局"
    body = "".join(block.text for block in layout.body)
    assert "逾期5天" in body
    assert "2026年3月22日发出蓝单、2026年3月26日发出橙单、2026年3月29日发出红单" in body
    with pytest.raises(CircularError), world.as_("lena", at=morning(30)) as scope:
        operations.issue_circular(scope, matter_id=matter_id, paper_id=papers[-1].id)


def test_a_report_done_stops_the_ladder_and_a_return_starts_it_again(world: World) -> None:
    matter_id = register(world)
    run_clock(world, at=morning(22))
    with world.as_("tom", at=morning(24)) as scope:
        operations.finish(scope, matter_id=matter_id, text="办结")
    assert walk(world, matter_id, date(2026, 4, 10)) == []
    with world.as_("cora", at=morning(10, 4)) as scope:
        operations.return_report(scope, matter_id=matter_id, unmet=[Question.FACTS], reason=REASON)
    returned = matter_of(world, matter_id)
    assert (returned.state, returned.redo_by) == (MatterState.RETURNED, date(2026, 4, 13))
    assert run_clock(world, at=morning(11, 4)) == 0, "a slow reviewer costs the unit nothing"
    assert run_clock(world, at=morning(14, 4)) == 1
    assert matter_of(world, matter_id).colour is Colour.ORANGE


def test_after_a_return_the_day_for_putting_it_right_counts_even_before_the_term(world: World) -> None:
    matter_id = register(world)  # due 25 March
    other = register(world, due_on=date(2026, 3, 20))
    with world.as_("tom") as scope:
        operations.finish(scope, matter_id=matter_id, text="办结")
    with world.as_("cora") as scope:
        operations.return_report(scope, matter_id=matter_id, unmet=[Question.FACTS], reason=REASON, redo_by=date(2026, 3, 16))
        matter = queries.get_readable_matter(scope, matter_id)
        coming = coming_sheet(scope, matter)
        assert coming is not None
        assert (matter.counts_from, coming.planned_on) == (date(2026, 3, 16), date(2026, 3, 13))
        assert [one.id for one in queries.list_matters(scope, queries.Filter("assigned"), limit=1).items] == [matter_id]
        second = queries.list_matters(
            scope, queries.Filter("assigned"), after=queries.list_matters(scope, queries.Filter("assigned"), limit=1).next
        )
        assert [one.id for one in second.items] == [other]
    assert "还有 6 天" in world.client("cora").get(f"/matters/{matter_id}").text.partition('class="sub"')[2][:400]
    assert "还有 6 天" in world.client("tom").get("/matters?which=mine").text
    with pytest.raises(FormError), world.as_("tom", at=morning(12)) as scope:
        operations.ask_extension(scope, matter_id=matter_id, wanted_on=date(2026, 3, 16), reason=REASON, progress="六成")
    assert walk(world, matter_id, date(2026, 3, 18)) == [(date(2026, 3, 13), Colour.BLUE), (date(2026, 3, 17), Colour.ORANGE)]
    with world.as_("cora", at=morning(18)) as scope:
        papers = queries.papers_of(scope, queries.get_readable_matter(scope, matter_id))
    assert "补办期限" in papers[0].body
    assert "该事项已超过补办期限1天" in papers[1].body


def test_a_closed_matter_taken_up_again_begins_anew(world: World) -> None:
    matter_id = register(world, cycle=Cycle.WEEK)
    run_clock(world, at=morning(22))
    with world.as_("tom", at=morning(24)) as scope:
        operations.finish(scope, matter_id=matter_id, text="办结")
    with world.as_("cora", at=morning(24)) as scope:
        operations.close_matter(scope, matter_id=matter_id, met=list(Question))
    for who, error in (("lena", NotAllowedError), ("tom", NotAllowedError), ("tina", NotFoundError)):
        with pytest.raises(error), world.as_(who, at=morning(25)) as scope:
            operations.reopen_matter(scope, matter_id=matter_id, reason=REASON, due_on=date(2026, 4, 20))
    for reason, day, field in (
        ("", date(2026, 4, 20), "reason"),
        (REASON, date(2026, 3, 25), "due_on"),
        (REASON, date(2028, 1, 1), "due_on"),
    ):
        with pytest.raises(FormError) as caught, world.as_("cora", at=morning(25)) as scope:
            operations.reopen_matter(scope, matter_id=matter_id, reason=reason, due_on=day)
        assert list(caught.value.fields) == [field]
    with world.as_("cora", at=morning(25)) as scope:
        operations.reopen_matter(scope, matter_id=matter_id, reason="边坡又塌了", due_on=date(2026, 4, 20))
    again = matter_of(world, matter_id)
    assert (again.state, again.due_on, again.colour, again.closed_at) == (MatterState.IN_HAND, date(2026, 4, 20), None, None)
    assert (again.report_due_on, again.extensions) == (date(2026, 3, 27), 0)
    with world.as_("cora", at=morning(25)) as scope:
        last = queries.steps_of(scope, queries.get_readable_matter(scope, matter_id))[-1]
        effects = scope.session.scalars(owned(scope, Effect).where(Effect.subject_id == matter_id)).all()
    assert (last.what, last.words) == ("reopened", "边坡又塌了")
    told = {one.recipient_id for one in effects if one.template.startswith("督办重新办理")}
    assert told == {world.people["tom"]}
    assert walk(world, matter_id, date(2026, 4, 22))[:2] == [(date(2026, 4, 17), Colour.BLUE), (date(2026, 4, 21), Colour.ORANGE)]
    with pytest.raises(MatterStateError), world.as_("cora", at=morning(25)) as scope:
        operations.reopen_matter(scope, matter_id=matter_id, reason=REASON, due_on=date(2026, 5, 20))


def test_an_extension_lifts_the_colour(world: World) -> None:
    matter_id = register(world)
    run_clock(world, at=morning(22))
    with world.as_("tom", at=morning(23)) as scope:
        operations.ask_extension(scope, matter_id=matter_id, wanted_on=date(2026, 4, 10), reason=REASON, progress="六成")
    run_clock(world, at=morning(28))
    assert matter_of(world, matter_id).colour is Colour.BLUE, "while it waits, no sheet goes out"
    with world.as_("cora", at=morning(28)) as scope:
        operations.review_extension(scope, matter_id=matter_id, agree=True)
    with world.as_("lena", at=morning(28)) as scope:
        operations.decide_extension(scope, matter_id=matter_id, grant=True)
    lifted = matter_of(world, matter_id)
    assert (lifted.colour, lifted.due_on) == (None, date(2026, 4, 10))
    assert run_clock(world, at=morning(6, 4)) == 0
    assert run_clock(world, at=morning(7, 4)) == 1
    assert matter_of(world, matter_id).colour is Colour.BLUE


def test_by_hand_the_colour_only_rises(world: World) -> None:
    matter_id = register(world)
    with world.as_("cora") as scope:
        paper = operations.issue_sheet(scope, matter_id=matter_id, colour=Colour.RED, reason="市领导挂牌，必须特办")
        assert paper.origin is Origin.HAND
        assert "市领导挂牌，必须特办" in paper.body
    with pytest.raises(ColourError), world.as_("cora") as scope:
        operations.issue_sheet(scope, matter_id=matter_id, colour=Colour.ORANGE, reason=REASON)


def test_the_clock_looks_at_what_is_due_only(world: World) -> None:
    for _ in range(3):
        register(world)
    urgent = register(world, term="urgent", due_on=date(2026, 3, 11))
    assert run_clock(world, at=morning(11)) == 0
    assert run_clock(world, at=morning(12)) == 1
    assert matter_of(world, urgent).colour is Colour.ORANGE
    assert run_clock(world, at=morning(12)) == 0, "safe to repeat"
    with pytest.raises(PermissionError), world.as_("cora") as scope:
        operations.sweep(scope)


def test_progress_reports_are_asked_for_and_their_absence_is_noted(world: World) -> None:
    matter_id = register(world, source="document", cycle=Cycle.WEEK)  # Tuesday 10 March, due 9 April
    assert matter_of(world, matter_id).report_due_on == date(2026, 3, 13)
    assert run_clock(world, at=morning(13)) == 1
    with world.as_("tom", at=morning(13)) as scope:
        operations.report_progress(scope, matter_id=matter_id, text="进展顺利")
    assert matter_of(world, matter_id).report_due_on == date(2026, 3, 20)
    assert run_clock(world, at=morning(14)) == 0
    run_clock(world, at=morning(20))
    run_clock(world, at=morning(21))
    missed = matter_of(world, matter_id)
    assert (missed.reports_missed, missed.report_due_on) == (1, date(2026, 3, 27))


def test_a_clock_that_stood_still_skips_no_colour(world: World) -> None:
    matter_id = register(world)
    for day in (5, 6, 7, 8):
        run_clock(world, at=morning(day, 4))
    with world.as_("cora", at=morning(8, 4)) as scope:
        papers = queries.papers_of(scope, queries.get_matter(scope, matter_id))
    assert [one.colour for one in papers if one.kind is PaperKind.SHEET] == [Colour.BLUE, Colour.ORANGE, Colour.RED]


def test_the_sweep_reads_what_is_due_not_what_exists(world: World, owner_url: str) -> None:
    """Among 5,000 living matters of a tenant three are due: the statement finds them by the index of what is due."""
    due = [register(world) for _ in range(3)]
    given = {
        "id": "gen_random_uuid()", "serial": "100000 + g", "number": "'n' || g", "next_step_at": "next_step_at + interval '90 days'",
    }  # fmt: skip
    names = [column.name for column in Matter.__table__.columns if column.computed is None]
    values = ", ".join(given.get(name, f"matter.{name}") for name in names)
    rows = f"SELECT {values} FROM matter, generate_series(1, 5000) g WHERE matter.tenant_id = :t AND matter.id = :one"
    with world.as_system() as scope:
        scope.session.execute(text(f"INSERT INTO matter ({', '.join(names)}) {rows}"), {"t": scope.tenant_id, "one": due[0]})
    owner = create_engine(owner_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("ANALYZE matter"))
    owner.dispose()
    wanted = "SELECT id FROM matter WHERE tenant_id = :t AND next_step_at IS NOT NULL AND next_step_at <= :now"
    order = "ORDER BY next_step_at, id LIMIT 200 FOR UPDATE SKIP LOCKED"
    with world.as_system(at=morning(22)) as scope:
        asked = {"t": scope.tenant_id, "now": scope.now}
        plan = "\n".join(scope.session.scalars(text(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {wanted} {order}"), asked))
    assert "ix_matter_next_step" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert run_clock(world, at=morning(22)) == len(due)
