from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from duban.identity.errors import WrongPasswordError
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.letters import queries
from duban.letters.errors import AlreadySignedError, LetterStateError, NothingToGenerateError, TamperedError, TextChangedError
from duban.letters.operations.signing import sign_letter
from duban.letters.operations.writing import generate_letters, issue_letters, withdraw_letter
from duban.letters.rules.coverage import Coverage
from duban.letters.states import LetterState, Side
from duban.tree.queries import subtree
from tests.binding import bind
from tests.cast import PASSWORD, World
from tests.integration.letters.cast_letters import generate, issue_all, letter_of, sign
from tests.integration.targets.cast_targets import YEAR, hand_down, issue, split


class TestGenerate:
    def test_writes_one_letter_for_every_unit_directly_below(self, world: World) -> None:
        hand_down(world)

        letters = generate(world)

        assert [(letter.lower_name, letter.number, letter.state) for letter in letters] == [
            ("城东镇", "望安责〔2026〕1号", LetterState.DRAFT),
            ("城西镇", "望安责〔2026〕2号", LetterState.DRAFT),
            ("交通局", "望安责〔2026〕3号", LetterState.DRAFT),
        ]

    def test_a_letter_holds_the_units_own_numbers(self, world: World) -> None:
        hand_down(world)

        first, second, third = generate(world)

        assert "| 1 | 死亡人数 | 人 | 不超过 5\n" in first.body
        assert "| 1 | 持证上岗率 | % | 不低于 100\n" in first.body
        assert "| 1 | 死亡人数 | 人 | 不超过 4\n" in second.body
        assert "控制指标" not in third.body.replace("死亡人数控制指标", ""), "no target, no table"

    def test_numbers_proposed_but_not_told_are_not_in_it(self, world: World) -> None:
        hand_down(world)
        split(world, {"deaths": {"T1": "3"}})

        assert "不超过 5" in generate(world)[0].body

    def test_drafts_are_written_anew_under_the_same_number_issued_ones_stay(self, world: World) -> None:
        hand_down(world)
        first, second, _ = generate(world)
        with world.as_("cora") as scope:
            issue_letters(scope, upper_id=world.units["C"], letter_ids=[first.id])
        split(world, {"deaths": {"T1": "4", "T2": "3"}})
        issue(world)

        again = {letter.lower_name: letter for letter in generate(world)}

        assert set(again) == {"城西镇", "交通局"}
        assert (again["城西镇"].number, again["城西镇"].id) == (second.number, second.id)
        assert "不超过 3" in again["城西镇"].body
        assert letter_of(world, first.id).body == first.body

    def test_says_when_nothing_is_left_to_write(self, world: World) -> None:
        issue_all(world)
        with pytest.raises(NothingToGenerateError):
            generate(world)

    @pytest.mark.parametrize(
        ("who", "refusal"), [("lena", NotAllowedError), ("tom", NotFoundError), ("vera", NotFoundError), ("ewa", NotFoundError)]
    )
    def test_is_the_officers_business(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            generate_letters(scope, upper_id=world.units["C"], year=YEAR)

    def test_a_township_writes_its_villages_letters(self, world: World) -> None:
        letters = generate(world, who="tom", at="T1")
        assert [letter.lower_name for letter in letters] == ["东一村", "东二村"]
        assert letters[0].number == "城安责〔2026〕1号"


class TestIssue:
    @pytest.mark.parametrize(
        "change", ["body = body || 'x'", "lower_id = upper_id", "state = 'draft'", "state = 'draft', body = ''"]
    )
    def test_freezes_text_and_digest_even_against_plain_sql(self, world: World, change: str) -> None:
        letters = issue_all(world)

        with pytest.raises(DBAPIError, match="was issued and cannot be changed"), world.as_("cora") as scope:
            scope.session.execute(
                text(f"UPDATE letter SET {change} WHERE tenant_id = :t AND id = :id"),
                {"t": scope.tenant_id, "id": letters["T1"]},
            )

    def test_refuses_a_letter_twice(self, world: World) -> None:
        letters = issue_all(world)
        with pytest.raises(LetterStateError), world.as_("cora") as scope:
            issue_letters(scope, upper_id=world.units["C"], letter_ids=[letters["T1"]])

    @pytest.mark.parametrize(("who", "refusal"), [("lena", NotAllowedError), ("tom", NotFoundError), ("ewa", NotFoundError)])
    def test_is_the_officers_business(self, world: World, who: str, refusal: type[Exception]) -> None:
        letter = generate(world)[0]
        with pytest.raises(refusal), world.as_(who) as scope:
            issue_letters(scope, upper_id=world.units["C"], letter_ids=[letter.id])

    def test_refuses_another_superiors_letters(self, world: World) -> None:
        letter = generate(world, who="tom", at="T1")[0]
        with pytest.raises(NotFoundError), world.as_("cora") as scope:
            issue_letters(scope, upper_id=world.units["C"], letter_ids=[letter.id])


class TestSign:
    @pytest.mark.parametrize(
        ("order", "between"),
        [(("tess", "lena"), LetterState.SIGNED_BY_LOWER), (("lena", "tess"), LetterState.SIGNED_BY_UPPER)],
    )
    def test_both_leaders_in_either_order_put_it_in_force(
        self, world: World, order: tuple[str, str], between: LetterState
    ) -> None:
        letter = issue_all(world)["T1"]

        sign(world, order[0], letter)
        assert letter_of(world, letter).state is between
        sign(world, order[1], letter)

        assert letter_of(world, letter).state is LetterState.IN_FORCE
        with world.as_("cora") as scope:
            signed = queries.list_signatures(scope, letter_ids=[letter])[letter]
            assert queries.verify(scope, letter_of(world, letter)).is_intact
        assert (signed[Side.LOWER].name, signed[Side.LOWER].post, signed[Side.LOWER].signed_at) == (
            "谭镇长",
            "township.leader",
            world.now,
        )
        assert signed[Side.UPPER].name == "李县长"

    @pytest.mark.parametrize(
        ("who", "refusal"),
        [
            ("tom", NotAllowedError),  # an officer of the unit reads, but does not sign
            ("cora", NotAllowedError),
            ("tito", NotFoundError),  # the leader of the township beside it
            ("vlad", NotFoundError),
            ("dora", NotFoundError),
            ("ewa", NotFoundError),
            ("adam", NotFoundError),
        ],
    )
    def test_is_for_the_two_leaders_alone(self, world: World, who: str, refusal: type[Exception]) -> None:
        letter = issue_all(world)["T1"]
        with pytest.raises(refusal):
            sign(world, who, letter)

    def test_the_county_leader_does_not_sign_for_a_township(self, world: World) -> None:
        letter = issue_all(world, who="tom", at="T1")["V11"]
        with pytest.raises(NotAllowedError):
            sign(world, "lena", letter)
        sign(world, "tess", letter)
        assert letter_of(world, letter).state is LetterState.SIGNED_BY_UPPER

    def test_a_wrong_password_signs_nothing(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        with pytest.raises(WrongPasswordError):
            sign(world, "tess", letter, password="wrong-password-1")
        assert letter_of(world, letter).state is LetterState.ISSUED

    def test_refuses_when_the_text_shown_was_another(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        with pytest.raises(TextChangedError):
            sign(world, "tess", letter, digest="0" * 64)

    def test_nobody_signs_twice(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        with pytest.raises(AlreadySignedError):
            sign(world, "tess", letter)

    def test_a_draft_cannot_be_signed(self, world: World) -> None:
        letter = generate(world)[0]
        with pytest.raises(LetterStateError):
            sign(world, "tess", letter.id)

    def test_signatures_are_only_ever_added(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        for statement in ("UPDATE signature SET name = '别人'", "DELETE FROM signature"):
            with pytest.raises(DBAPIError, match="permission denied"), world.as_("cora") as scope:
                scope.session.execute(text(statement + " WHERE tenant_id = :t"), {"t": scope.tenant_id})


@contextmanager
def as_owner(world: World, owner_url: str) -> Iterator[Connection]:
    """What a database administrator could do: the trigger is off, the tenant's rows are open."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        bind(connection, world.tenant.id)
        connection.execute(text("ALTER TABLE letter DISABLE TRIGGER stays_as_issued"))
        yield connection
        connection.execute(text("ALTER TABLE letter ENABLE TRIGGER stays_as_issued"))
    engine.dispose()


class TestTampering:
    def test_a_text_changed_behind_the_services_back_is_found_and_not_signed(self, world: World, owner_url: str) -> None:
        hand_down(world)
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        with as_owner(world, owner_url) as owner:
            owner.execute(text("UPDATE letter SET body = replace(body, '不超过 5', '不超过 9') WHERE id = :id"), {"id": letter})

        with world.as_("cora") as scope:
            assert not queries.verify(scope, letter_of(world, letter)).text_is_intact
        with pytest.raises(TamperedError):
            sign(world, "lena", letter)

    def test_a_new_digest_for_a_new_text_is_found_by_seal_and_audit(self, world: World, owner_url: str) -> None:
        hand_down(world)
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        with as_owner(world, owner_url) as owner:
            owner.execute(
                text(
                    "UPDATE letter SET body = b, digest = encode(sha256(convert_to(b, 'UTF8')), 'hex') FROM (SELECT replace(body, '不超过 5', '不超过 9') AS b FROM letter WHERE id = :id) AS x WHERE id = :id"
                ),
                {"id": letter},
            )

        with world.as_("cora") as scope:
            verdict = queries.verify(scope, letter_of(world, letter))
        assert (verdict.text_is_intact, verdict.seals) == (False, {Side.LOWER: False})

    def test_a_changed_signature_is_found(self, world: World, owner_url: str) -> None:
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        with as_owner(world, owner_url) as owner:
            owner.execute(text("UPDATE signature SET name = '别人' WHERE letter_id = :id"), {"id": letter})

        with world.as_("cora") as scope:
            verdict = queries.verify(scope, letter_of(world, letter))
        assert (verdict.text_is_intact, verdict.seals) == (True, {Side.LOWER: False})


class TestWithdraw:
    def test_frees_the_unit_for_a_new_letter_under_a_new_number(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        with world.as_("cora") as scope:
            withdraw_letter(scope, letter_id=letter, reason="指标有误")

        (again,) = generate(world)

        assert again.number == "望安责〔2026〕4号"
        assert letter_of(world, letter).withdrawn_reason == "指标有误"

    def test_needs_a_reason(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        with pytest.raises(InvalidInputError), world.as_("cora") as scope:
            withdraw_letter(scope, letter_id=letter, reason=" ")

    def test_a_letter_in_force_stays(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        sign(world, "lena", letter)
        with pytest.raises(LetterStateError), world.as_("cora") as scope:
            withdraw_letter(scope, letter_id=letter, reason="x")

    @pytest.mark.parametrize(
        ("who", "refusal"),
        [
            ("tom", NotAllowedError),
            ("tess", NotAllowedError),
            ("lena", NotAllowedError),
            ("tina", NotFoundError),
            ("ewa", NotFoundError),
        ],
    )
    def test_only_the_superiors_officer_withdraws(self, world: World, who: str, refusal: type[Exception]) -> None:
        letter = issue_all(world)["T1"]
        with pytest.raises(refusal), world.as_(who) as scope:
            withdraw_letter(scope, letter_id=letter, reason="x")


class TestCoverage:
    def test_counts_signed_of_owed_per_level_and_superior(self, world: World) -> None:
        county = issue_all(world)
        villages = issue_all(world, who="tom", at="T1")
        for letter, leaders in ((county["T1"], ("tess", "lena")), (county["T2"], ("tito",)), (villages["V11"], ("vlad", "tess"))):
            for who in leaders:
                sign(world, who, letter)

        with world.as_("cora") as scope:
            levels = queries.coverage(scope, unit=subtree(scope, world.paths["C"])[0], year=YEAR)

        assert [(level.level, level.coverage) for level in levels] == [("county", Coverage(3, 1)), ("township", Coverage(3, 1))]
        by_upper = {unit.short_name: coverage for level in levels for unit, coverage in level.by_upper}
        # T2 has written no letters yet: its village owes one all the same.
        assert by_upper == {"望江县": Coverage(3, 1), "城东镇": Coverage(2, 1), "城西镇": Coverage(1, 0)}

    def test_lists_what_waits_for_ones_signature(self, world: World) -> None:
        issue_all(world)
        issue_all(world, who="tom", at="T1")
        with world.as_("tess") as scope:
            waiting = [letter.lower_name for letter in queries.list_to_sign(scope)]
        assert waiting == ["城东镇", "东一村", "东二村"]
        with world.as_("tom") as scope:
            assert queries.list_to_sign(scope) == []

    def test_signing_takes_it_off_the_list(self, world: World) -> None:
        letter = issue_all(world)["T1"]
        sign(world, "tess", letter)
        with world.as_("tess") as scope:
            assert queries.list_to_sign(scope) == []


def test_operations_are_recorded_in_the_audit(world: World) -> None:
    letter = issue_all(world)["T1"]
    sign(world, "tess", letter)
    with world.as_("cora") as scope:
        rows = scope.session.execute(
            text("SELECT act, details FROM audit_record WHERE tenant_id = :t AND subject_id = :id ORDER BY seq"),
            {"t": scope.tenant_id, "id": letter},
        ).all()
    assert [row.act for row in rows] == ["letter.issued", "letter.signed"]
    assert rows[1].details["digest"] == letter_of(world, letter).digest


def test_sign_needs_the_shown_text(world: World) -> None:
    letter = issue_all(world)["T1"]
    with pytest.raises(TextChangedError), world.as_("tess") as scope:
        sign_letter(scope, letter_id=letter, shown_digest="", password=PASSWORD)
