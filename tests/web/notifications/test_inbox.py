"""The inbox in the browser and for programs."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from duban.kernel.clock import SetClock
from duban.kernel.runtime import Runtime
from duban.kernel.settings import Settings
from duban.notifications import operations, queries
from duban.notifications.tasks import Courier, deliver
from duban.web.i18n import load_translations
from tests.cast import World


@pytest.fixture
def told(world: World, engine: Engine, settings: Settings, clock: SetClock) -> World:
    """Vera has three messages, one of them with a tricky title; vic has one."""
    with world.as_("tom") as scope:
        for title, who in (("安全生产月报", "vera"), ("<b>50%</b>", "vera"), ("防汛值班表", "vera"), ("防汛值班表", "vic")):
            operations.tell(
                scope,
                recipients=[world.people[who]],
                template="《%(title)s》应于 %(due_on)s 前报送。",
                params={"title": title, "due_on": date(2026, 3, 28)},
                link="/password",
                subject_kind="duty",
                subject_id=uuid4(),
            )
    courier = Courier(
        runtime=Runtime(settings=settings, engine=engine, clock=clock),
        translations=lambda locale: load_translations(locale).gettext,
    )
    deliver(courier, world.tenant)
    return world


def newest(world: World, who: str) -> UUID:
    with world.as_(who) as scope:
        return queries.inbox(scope).items[0].id


class TestPages:
    def test_show_ones_own_messages_and_the_number_at_the_bell(self, told: World) -> None:
        page = told.client("vera").get("/notices").text

        assert page.count("应于 2026年3月28日 前报送。") == 3
        assert "3 条未读消息" in page
        assert "&lt;b&gt;50%&lt;/b&gt;" in page
        assert "<b>50%" not in page

    def test_opening_marks_as_read_and_goes_on(self, told: World) -> None:
        browser = told.client("vera")
        answer = browser.post(f"/notices/{newest(told, 'vera')}/open")

        assert (answer.status_code, answer.location) == (303, "/password")
        assert browser.get("/notices?unread=1").text.count("前报送。") == 2

    def test_nobody_opens_somebody_elses(self, told: World) -> None:
        assert told.client("vic").post(f"/notices/{newest(told, 'vera')}/open").status_code == 404
        assert told.client("ewa").post(f"/notices/{newest(told, 'vera')}/open").status_code == 404

    def test_everything_can_be_marked_as_read_at_once(self, told: World) -> None:
        browser = told.client("vera")
        assert browser.post("/notices/read", follow_redirects=True).status_code == 200
        assert "没有未读消息" in browser.get("/notices").text
        assert "所有消息都已看过。" in browser.get("/notices?unread=1").text

    def test_an_empty_inbox_says_what_will_come(self, world: World) -> None:
        assert "还没有消息" in world.client("tom").get("/notices").text

    def test_speaks_english(self, told: World) -> None:
        page = told.client("vera").get("/notices?lang=en").text
        assert "Mark all as read" in page
        assert "March 28, 2026" in page


class TestApi:
    def test_pages_through_the_inbox(self, told: World) -> None:
        browser = told.client("vera")
        first = browser.get("/api/v1/notices/?limit=2").json
        rest = browser.get("/api/v1/notices/", query_string={"limit": 2, "after": first["next"]}).json

        texts = [item["text"] for item in (*first["items"], *rest["items"])]
        assert texts == [f"《{title}》应于 2026年3月28日 前报送。" for title in ("防汛值班表", "<b>50%</b>", "安全生产月报")]
        assert rest["next"] is None

    def test_marks_as_read(self, told: World) -> None:
        browser = told.client("vera")
        one = browser.post(f"/api/v1/notices/{newest(told, 'vera')}/read")
        assert one.json["read_at"] is not None
        assert browser.post("/api/v1/notices/read").json == {"count": 2}
        assert browser.get("/api/v1/notices/?unread=true").json["items"] == []

    def test_hides_other_peoples(self, told: World) -> None:
        answer = told.client("vic").post(f"/api/v1/notices/{newest(told, 'vera')}/read")
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")

    def test_refuses_a_forged_cursor(self, told: World) -> None:
        assert told.client("vera").get("/api/v1/notices/?after=nonsense").status_code == 422
