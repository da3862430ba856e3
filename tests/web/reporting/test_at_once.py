"""
People truly at the same time, each with a connection of their own, let go together: one wins, the other is told by whom and
loses nothing of what was typed.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from duban.reporting import operations, queries
from duban.reporting.models import Duty
from duban.reporting.states import DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_review_by_level import also, by_level
from tests.web.reporting.test_queue import SITES

ROUNDS = 3
Answer = tuple[int, str]


def together(*acts: Callable[[], Answer]) -> list[Answer]:
    """Do all of it at the same instant; what each was answered, in the order given."""
    gate, found = threading.Barrier(len(acts)), dict[int, Answer]()

    def run(number: int, act: Callable[[], Answer]) -> None:
        gate.wait(timeout=20)
        found[number] = act()

    threads = [threading.Thread(target=run, args=one, daemon=True) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    assert len(found) == len(acts), "somebody was left waiting"
    return [found[number] for number in range(len(acts))]


def posting(world: World, who: str, address: str, data: dict[str, str]) -> Callable[[], Answer]:
    browser = world.client(who)

    def post() -> Answer:
        answer = browser.post(address, data=data)
        return answer.status_code, answer.text

    return post


def won(answers: Sequence[Answer]) -> tuple[int, Answer]:
    """Find the one that won; exactly one did. Gives: its place, and what the other was answered."""
    statuses = [status for status, _ in answers]
    assert statuses.count(303) == 1, statuses
    winner = statuses.index(303)
    return winner, answers[1 - winner]


def steps_of(world: World, duty_id: UUID) -> list[str]:
    with world.as_system() as scope:
        return [step.outcome for step in queries.steps_of(scope, duty_id)]


@pytest.fixture
def waiting(world: World) -> Callable[[str], UUID]:
    """Makes something that waits at the township, where two may review."""
    also(world, "tess", "township.officer", "T1")

    def made(title: str) -> UUID:
        duty_id = given.duty_id(world, by_level(world, title=title))
        given.handed_in(world, duty_id)
        return duty_id

    return made


class TestReviewing:
    def test_two_accept(self, world: World, waiting: Callable[[str], UUID]) -> None:
        for number in range(ROUNDS):
            duty_id = waiting(f"甲{number}")
            data = {"number": "1"}
            winner, (status, page) = won(
                together(*(posting(world, who, f"/duties/{duty_id}/accept", data) for who in ("tom", "tess")))
            )
            assert status == 403
            assert "这份材料现在由望江县审核" in page
            assert f"这份材料刚刚办理的情况：{('唐安', '谭镇长')[winner]}，" in page
            assert steps_of(world, duty_id) == ["passed"]

    def test_one_accepts_and_one_returns_with_reasons(self, world: World, waiting: Callable[[str], UUID]) -> None:
        seen: Counter[int] = Counter()
        for number in range(ROUNDS):
            duty_id = waiting(f"乙{number}")
            typed = {"number": "1", "reason": "数字与台账对不上", "remark.checks": "应为 5 次"}
            winner, (_, page) = won(
                together(
                    posting(world, "tom", f"/duties/{duty_id}/accept", {"number": "1"}),
                    posting(world, "tess", f"/duties/{duty_id}/return", typed),
                )
            )
            seen[winner] += 1
            found: Duty = given.duty(world, duty_id)
            if winner == 0:
                assert "数字与台账对不上" in page
                assert "应为 5 次" in page
                assert found.at_path == world.paths["C"]
            else:
                assert "谭镇长" in page
                assert found.stands is DutyState.RETURNED
            assert len(steps_of(world, duty_id)) == 1
        print(f"accepted first {seen[0]}, returned first {seen[1]}")

    def test_two_return_with_different_reasons(self, world: World, waiting: Callable[[str], UUID]) -> None:
        duty_id = waiting("丙")
        words = ("缺照片", "缺签字")
        answers = together(
            *(
                posting(world, who, f"/duties/{duty_id}/return", {"number": "1", "reason": reason, "remark.money": f"{reason}！"})
                for who, reason in zip(("tom", "tess"), words, strict=True)
            )
        )
        winner, (_, page) = won(answers)
        assert words[1 - winner] in page
        assert f"{words[1 - winner]}！" in page
        assert steps_of(world, duty_id) == ["returned"]

    def test_what_was_written_for_a_return_survives_a_faster_colleague(
        self, world: World, waiting: Callable[[str], UUID]
    ) -> None:
        duty_id = waiting("慢")
        given.accepted(world, duty_id, "tom")
        typed = {"number": "1", "reason": "数字与台账对不上", "remark.checks": "应为 5 次", "remark.attachments": "缺照片"}
        answer = world.client("tess").post(f"/duties/{duty_id}/return", data=typed)
        assert answer.status_code == 403
        assert "现在由望江县审核" in answer.text
        assert "这份材料刚刚办理的情况：唐安，审核通过，报上一级" in answer.text
        unsent = answer.text[answer.text.index('id="unsent"') :]
        for words in ("检查次数", "应为 5 次", "附件", "缺照片"):
            assert words in unsent
        assert "数字与台账对不上" in answer.text
        page = world.client("tess").post(f"/duties/{duty_id}/return?lang=en", data=typed).text
        assert "Your remarks (not sent)" in page

    def test_after_the_unit_handed_in_anew_the_reason_stays_in_the_form(
        self, world: World, waiting: Callable[[str], UUID]
    ) -> None:
        duty_id = waiting("丁")
        given.returned(world, duty_id, "tess")
        given.handed_in(world, duty_id)
        answer = world.client("tom").post(
            f"/duties/{duty_id}/return", data={"number": "1", "reason": "对旧版的意见", "remark.checks": "旧版这里错"}
        )
        assert answer.status_code == 412
        assert 'name="number" value="2"' in answer.text
        assert 'value="旧版这里错"' in answer.text
        assert "对旧版的意见</textarea>" in answer.text


class TestHandingIn:
    def test_two_hand_in_different_texts(self, world: World) -> None:
        also(world, "vlad", "village.clerk", "V11")
        for number in range(ROUNDS):
            duty_id = given.duty_id(world, given.issued(world, title=f"报{number}", fields=[*given.FIELDS, SITES]))
            texts = ("魏文书写的一大段", "吴支书写的一大段")
            answers = together(
                *(
                    posting(
                        world,
                        who,
                        f"/duties/{duty_id}/submit",
                        {"answer.done": text, "answer.sites.0.name": f"{text}的表", "version": "0"},
                    )
                    for who, text in zip(("vera", "vlad"), texts, strict=True)
                )
            )
            winner, (status, page) = won(answers)
            assert status in {409, 412}
            for kept in (texts[1 - winner], f"{texts[1 - winner]}的表"):
                assert kept in page
            with world.as_system() as scope:
                versions = queries.versions_of(scope, duty_id)
            assert [version.content["done"] for version in versions] == [texts[winner]]

    def test_handed_in_while_it_is_withdrawn(self, world: World) -> None:
        seen: Counter[int] = Counter()
        for number in range(ROUNDS):
            requirement_id = given.issued(world, title=f"撤{number}")
            duty_id = given.duty_id(world, requirement_id)
            (status, page), (withdrawn, _) = together(
                posting(world, "vera", f"/duties/{duty_id}/submit", {"answer.done": "正在写的长文", "version": "0"}),
                posting(world, "tom", f"/requirements/{requirement_id}/withdraw", {"reason": "并入季报"}),
            )
            assert withdrawn == 303
            assert status in {303, 409}
            seen[status] += 1
            found = given.duty(world, duty_id)
            assert found.stands is DutyState.CANCELLED
            with world.as_system() as scope:
                versions = queries.versions_of(scope, duty_id)
            if status == 409:
                assert "正在写的长文" in page
                assert not versions
            else:
                assert [version.content["done"] for version in versions] == ["正在写的长文"], "handed in first: it is kept"
        print(f"handed in first {seen[303]}, withdrawn first {seen[409]}")


def test_without_the_lock_both_would_win(world: World, waiting: Callable[[str], UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same race without locking the duty is lost, so the tests above do race."""
    read, meet = queries.get_duty, threading.Barrier(2)

    def unlocked(scope, duty_id, *, lock=False):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        found = read(scope, duty_id)
        if lock:
            meet.wait(timeout=20)
        return found

    monkeypatch.setattr("duban.reporting.operations.reviews.get_duty", unlocked)
    duty_id = waiting("戊")
    refusals = []

    def act(who: str) -> Answer:
        try:
            with world.as_(who) as scope:
                operations.accept(scope, duty_id=duty_id)
        except Exception as error:  # noqa: BLE001 - the database says no in its own words
            refusals.append(error)
        return 0, ""

    together(lambda: act("tom"), lambda: act("tess"))
    assert len(refusals) < 2  # noqa: PLR2004
    assert not refusals or "unique" in str(refusals[0]), "only the table's own rule stops the second, with no word for a person"
