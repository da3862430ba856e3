"""Numbers are given once each and without gaps, also when many register at once and some of them fail."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from duban.matters import operations
from duban.matters.models import Matter
from tests.cast import World
from tests.integration.matters.stage import form

AT_ONCE, EACH = 8, 5


class _MindChangedError(Exception):
    pass


def test_many_at_once_get_every_number_once(world: World) -> None:
    def work(one: int) -> None:
        for turn in range(EACH):
            who, unit, lead = ("cora", "C", "T1") if one % 2 else ("tom", "T1", "V11")
            try:
                with world.as_(who) as scope:
                    operations.register_matter(scope, unit_id=world.units[unit], form=form(world, lead))
                    if (one + turn) % 3 == 0:
                        raise _MindChangedError  # the number goes back with everything else
            except _MindChangedError:
                continue

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))
    with world.as_system() as scope:
        serials = scope.session.scalars(select(Matter.serial).where(Matter.tenant_id == scope.tenant_id)).all()
    kept = sum((one + turn) % 3 != 0 for one in range(AT_ONCE) for turn in range(EACH))
    assert sorted(serials) == list(range(1, kept + 1))


def test_each_tenant_and_each_year_begins_at_one(world: World) -> None:
    with world.as_("cora") as scope:
        first = operations.register_matter(scope, unit_id=world.units["C"], form=form(world)).number
    with world.as_("cora", at=world.later(days=300)) as scope:
        later = operations.register_matter(scope, unit_id=world.units["C"], form=form(world)).number
    with world.as_("ewa") as scope:
        other = operations.register_matter(scope, unit_id=world.units["other-C"], form=form(world, "other-T1")).number
    assert (first, later, other) == ("督办〔2026〕1号", "督办〔2027〕1号", "督办〔2026〕1号")
