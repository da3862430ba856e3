"""Meetings: how often they are due, what they resolve, who reads the minutes."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from duban.calendar.errors import InvalidDueRuleError
from duban.kernel.errors import NotAllowedError, NotFoundError, StaleError
from duban.matters import operations, queries
from duban.matters.errors import FormError, MeetingError
from duban.matters.operations.meetings import MeetingForm
from duban.matters.states import MatterState
from duban.notifications.models import Effect
from tests.cast import World
from tests.integration.matters.stage import REASON, form

QUARTERLY = {"kind": "from_end", "every": "quarter", "count": 0, "side": "before"}


def rhythm(world: World):
    with world.as_("cora") as scope:
        return operations.set_rhythm(
            scope, unit_id=world.units["C"], kind="committee", title="安委会全体会议", due=QUARTERLY,
            active_from=date(2026, 1, 1), active_until=date(2026, 12, 31),
        ).id  # fmt: skip


def meeting_form(world: World, **more) -> MeetingForm:
    given = {"kind": "committee", "title": "2026年第一次全体会议", "held_on": date(2026, 3, 9), "chair": "李县长"}
    return MeetingForm(**(given | {"came_ids": [world.units["T1"]], "absent_ids": [world.units["D1"]]} | more))


def note(world: World, who: str = "cora", unit: str = "C", **more):
    with world.as_(who) as scope:
        return operations.note_meeting(scope, unit_id=world.units[unit], form=meeting_form(world, **more)).id


def test_resolutions_become_matters_in_one_act(world: World) -> None:
    meeting_id = note(world, number="望安纪〔2026〕1号", minutes="会议议定两项。")
    forms = [form(world, "T1", title="整治边坡"), form(world, "D1", title="修订预案", co_ids=[world.units["T1"]])]
    with world.as_("cora") as scope:
        made = operations.resolve(scope, meeting_id=meeting_id, forms=forms)
    assert [(one.number, one.source, one.due_on, one.source_note) for one in made] == [
        ("督办〔2026〕1号", "minutes", date(2026, 3, 30), "李县长批示"),
        ("督办〔2026〕2号", "minutes", date(2026, 3, 30), "李县长批示"),
    ]
    with world.as_("dora") as scope:
        operations.finish(scope, matter_id=made[1].id, text="已修订")
    with world.as_("tom") as scope:  # called to the meeting, so he reads the minutes and sees where its matters stand
        meeting = queries.get_readable_meeting(scope, meeting_id)
        resolved = queries.resolutions_of(scope, meeting)
        assert [(one.resolution.number, one.matter.state) for one in resolved] == [
            (1, MatterState.ASSIGNED), (2, MatterState.REPORTED),
        ]  # fmt: skip
        assert queries.meeting_of_matter(scope, made[0]) == (meeting, True)


def test_one_resolution_that_cannot_be_undoes_all_and_says_which(world: World) -> None:
    meeting_id = note(world)
    with pytest.raises(FormError) as caught, world.as_("cora") as scope:
        operations.resolve(scope, meeting_id=meeting_id, forms=[form(world), form(world, title=" ")])
    assert set(caught.value.fields) == {"2.title"}
    with world.as_("cora") as scope:
        assert queries.list_matters(scope, queries.Filter()).items == []
        assert operations.register_matter(scope, unit_id=world.units["C"], form=form(world)).serial == 1


def test_a_meeting_not_held_is_shown_and_told(world: World) -> None:
    rhythm_id = rhythm(world)
    with world.as_("cora") as scope:
        (found,) = queries.list_rhythms(scope)
        assert found.unmet == ()
        assert found.coming is not None and found.coming.due_on == date(2026, 3, 31)
    after = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    with world.as_system(at=datetime(2026, 3, 31, 10, tzinfo=UTC)) as scope:
        assert operations.sweep_meetings(scope) == 0
    with world.as_system(at=after) as scope:
        assert operations.sweep_meetings(scope) == 1
    with world.as_system(at=after) as scope:
        assert operations.sweep_meetings(scope) == 0
        told = select(Effect.recipient_id).where(Effect.tenant_id == scope.tenant_id, Effect.subject_id == rhythm_id)
        assert set(scope.session.scalars(told)) == {world.people["cora"]}
    with world.as_("cora", at=after) as scope:
        (found,) = queries.list_rhythms(scope)
        assert [one.period.code for one in found.unmet] == ["2026-Q1"]
        late = meeting_form(world, rhythm_id=rhythm_id, period_code="2026-Q1", held_on=date(2026, 4, 1))
        operations.note_meeting(scope, unit_id=world.units["C"], form=late)
        (found,) = queries.list_rhythms(scope)
        assert found.unmet == ()


def test_a_struck_meeting_is_unmet_again(world: World) -> None:
    rhythm_id = rhythm(world)
    meeting_id = note(world, rhythm_id=rhythm_id)
    with world.as_("cora") as scope:
        operations.strike_meeting(scope, meeting_id=meeting_id, reason="日期记错")
        (found,) = queries.list_rhythms(scope)
        assert found.coming is not None and found.coming.period.code == "2026-Q1"
    with pytest.raises(MeetingError), world.as_("cora") as scope:
        operations.resolve(scope, meeting_id=meeting_id, forms=[form(world)])


def test_a_meeting_with_matters_is_not_struck(world: World) -> None:
    meeting_id = note(world)
    with world.as_("cora") as scope:
        operations.resolve(scope, meeting_id=meeting_id, forms=[form(world)])
    with pytest.raises(MeetingError), world.as_("cora") as scope:
        operations.strike_meeting(scope, meeting_id=meeting_id, reason=REASON)


def test_is_changed_by_who_saw_it_last(world: World) -> None:
    meeting_id = note(world)
    with world.as_("cora") as scope:
        changed = operations.change_meeting(scope, meeting_id=meeting_id, form=meeting_form(world, minutes="更正"), version=1)
        assert (changed.minutes, changed.version) == ("更正", 2)
    with pytest.raises(StaleError), world.as_("cora") as scope:
        operations.change_meeting(scope, meeting_id=meeting_id, form=meeting_form(world), version=1)


def test_who_reads_and_who_writes(world: World) -> None:
    meeting_id = note(world)
    for who in ("lena", "tom", "dora", "tess"):
        with world.as_(who) as scope:
            assert queries.get_readable_meeting(scope, meeting_id)
    for who in ("vera", "tina", "adam", "ewa"):
        with world.as_(who) as scope:
            with pytest.raises(NotFoundError):
                queries.get_readable_meeting(scope, meeting_id)
            assert queries.list_meetings(scope).items == []
    with pytest.raises(NotAllowedError), world.as_("lena") as scope:
        operations.strike_meeting(scope, meeting_id=meeting_id, reason=REASON)
    with pytest.raises(NotFoundError), world.as_("tom") as scope:  # invited, and not its keeper
        operations.strike_meeting(scope, meeting_id=meeting_id, reason=REASON)


def test_nobody_counts_a_meeting_for_anothers_rhythm(world: World) -> None:
    rhythm_id = rhythm(world)
    with pytest.raises(NotFoundError):
        note(world, "tom", "T1", rhythm_id=rhythm_id, came_ids=[], absent_ids=[])


def test_nobody_calls_units_they_cannot_see(world: World) -> None:
    with pytest.raises(FormError) as caught:
        note(world, "vera", "V11", came_ids=[world.units["V21"]], absent_ids=[])
    assert set(caught.value.fields) == {"came_ids"}


def test_the_sweep_is_for_the_clock_only(world: World) -> None:
    with pytest.raises(PermissionError), world.as_("cora") as scope:
        operations.sweep_meetings(scope)


def test_refuses_what_cannot_be(world: World) -> None:
    for more in ({"held_on": date(2026, 3, 11)}, {"held_on": None}, {"chair": " "}, {"title": ""}, {"kind": "party"}):
        with pytest.raises(FormError) as caught:
            note(world, **more)
        assert set(caught.value.fields) == set(more)
    with pytest.raises(InvalidDueRuleError), world.as_("cora") as scope:
        operations.set_rhythm(
            scope, unit_id=world.units["C"], kind="committee", title="x", due={"kind": "fixed", "on": "2026-03-31"},
            active_from=date(2026, 1, 1), active_until=date(2026, 12, 31),
        )  # fmt: skip


def test_a_row_that_is_wrong_is_named_and_the_units_keep_their_names(world: World) -> None:
    meeting_id = note(world)
    typed = {"1.title": "落实值班", "1.lead_id": str(world.units["T1"]), "3.title": "完善护栏", "3.lead_id": ""}
    answer = world.client("cora").post(f"/meetings/{meeting_id}/resolve", data=typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "第 3 项：请选择牵头单位。" in page
    assert 'data-name="1.lead_id" data-shown="城东镇"' in page
    assert f'action="/meetings/{meeting_id}/resolve">' in page  # no jump past the summary
