"""Setting an indicator and its limit at the unit that owns it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from duban.access.checks import require
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.programmes.queries import get_programme
from duban.targets import queries, rules
from duban.targets.errors import DuplicateIndicatorError, GridRefusedError
from duban.targets.models import Allocation, Indicator
from duban.targets.states import Direction, Kind, ShareState, Spread
from duban.tree.models import Unit
from duban.tree.queries import get_unit


@dataclass(frozen=True)
class IndicatorDraft:
    """What is typed to set an indicator; `limit` None is pending, `position` None is last."""

    code: str
    name: str
    kind: Kind
    spread: Spread
    direction: Direction
    unit_of_measure: str
    year: int
    limit: Decimal | None
    places: int = 0
    total_id: UUID | None = None
    programme_id: UUID | None = None
    counts_from: date | None = None
    counts_before: date | None = None
    position: int | None = None
    basis: str = ""


def define_indicator(scope: Scope, *, owner_id: UUID, draft: IndicatorDraft) -> Indicator:
    """
    Set an indicator of a year at the unit that owns it, with the limit that unit will split.

    Raises: NotFoundError, NotAllowedError, InvalidInputError with a text per field, DuplicateIndicatorError.
    """
    owner = get_unit(scope, owner_id)
    require(scope, "target", "define", owner)
    _check_draft(scope, owner, draft)
    indicator = scope.add(
        Indicator(
            id=new_id(),
            path=owner.path,
            lines=owner.lines,
            owner_id=owner.id,
            year=draft.year,
            code=draft.code.strip(),
            name=draft.name.strip(),
            kind=draft.kind,
            spread=draft.spread,
            direction=draft.direction,
            unit_of_measure=draft.unit_of_measure.strip(),
            places=draft.places,
            total_id=draft.total_id,
            programme_id=draft.programme_id,
            counts_from=draft.counts_from or date(draft.year, 1, 1),
            counts_before=draft.counts_before or date(draft.year + 1, 1, 1),
            position=queries.next_position(scope, owner_id=owner.id, year=draft.year)
            if draft.position is None
            else draft.position,
            basis=draft.basis.strip(),
        )
    )
    scope.session.flush()  # the owner's share refers to the indicator; no relationship orders the two
    _place_limit(scope, indicator, owner, draft.limit)
    record(
        scope,
        "indicator.defined",
        "indicator",
        indicator.id,
        owner.path,
        code=indicator.code,
        year=indicator.year,
        limit=draft.limit,
    )
    return indicator


def _place_limit(scope: Scope, indicator: Indicator, owner: Unit, limit: Decimal | None) -> None:
    # The owner's own number needs nobody's acceptance: it is in force as soon as it is set.
    scope.add(
        Allocation(
            id=new_id(),
            path=owner.path,
            lines=owner.lines,
            indicator_id=indicator.id,
            unit_id=owner.id,
            line="",
            value=limit,
            issued_value=limit,
            state=ShareState.ACCEPTED,
            issued_at=scope.now,
        )
    )


def _check_draft(scope: Scope, owner: Unit, draft: IndicatorDraft) -> None:
    problems: dict[str, list[Text]] = {}
    for field in ("code", "name", "unit_of_measure"):
        if not getattr(draft, field).strip():
            problems[field] = [Text(N_("请填写此项。"))]
    if draft.limit is not None and not rules.is_countable(draft.limit, places=draft.places):
        problems["limit"] = [_uncountable(draft.places)]
    if draft.counts_from and draft.counts_before and draft.counts_before <= draft.counts_from:
        problems["counts_before"] = [Text(N_("统计期的结束日期应晚于开始日期。"))]
    if draft.total_id is not None and not _is_total_of(scope, owner, draft):
        problems["total_id"] = [Text(N_("所属总指标应是本单位同一年度、逐级分解的指标。"))]
    if draft.programme_id is not None and not _is_readable(scope, draft.programme_id):
        problems["programme_id"] = [Text(N_("请选择列出的选项。"))]
    if problems:
        raise InvalidInputError(fields=problems)
    taken = owned(scope, Indicator).where(
        Indicator.owner_id == owner.id, Indicator.year == draft.year, Indicator.code == draft.code.strip()
    )
    if scope.session.scalars(taken).first() is not None:
        raise DuplicateIndicatorError(
            fields={
                "code": [
                    Text(N_("%(year)s 年已有代码为“%(code)s”的指标，请换一个代码。"), {"year": draft.year, "code": draft.code})
                ]
            }
        )


def _is_total_of(scope: Scope, owner: Unit, draft: IndicatorDraft) -> bool:
    statement = owned(scope, Indicator).where(Indicator.id == draft.total_id)
    total = scope.session.scalars(statement).one_or_none()
    return (
        total is not None
        and (total.owner_id, total.year, total.spread, draft.spread) == (owner.id, draft.year, Spread.SPLIT, Spread.SPLIT)
        and total.total_id is None
    )


def _is_readable(scope: Scope, programme_id: UUID) -> bool:
    try:
        get_programme(scope, programme_id)
    except NotFoundError:
        return False
    return True


def _uncountable(places: int) -> Text:
    if places == 0:
        return Text(N_("请填写不小于 0 的整数。"))
    return Text(N_("请填写不小于 0 的数，最多 %(places)s 位小数。"), {"places": places})


def set_limit(scope: Scope, *, indicator_id: UUID, limit: Decimal | None, version: int) -> Allocation:
    """
    Change the owner's limit; the shares already given out must still fit, in every line.

    Takes:  `version` of the owner's share as shown.
    Raises: NotFoundError, NotAllowedError, StaleError, InvalidInputError, GridRefusedError naming the excess.
    """
    indicator = queries.get_indicator(scope, indicator_id)
    require(scope, "target", "define", indicator)
    share = queries.find_share(scope, indicator_id=indicator.id, unit_id=indicator.owner_id)
    share = queries.get_share(scope, share.id if share else indicator.id, lock=True)
    if share.version != version:
        raise StaleError
    if limit is not None and not rules.is_countable(limit, places=indicator.places):
        raise InvalidInputError(fields={"limit": [_uncountable(indicator.places)]})
    _check_given_out(scope, indicator, share, limit)
    before = share.value
    share.value = share.issued_value = limit
    share.version += 1
    record(scope, "indicator.limit-set", "indicator", indicator.id, indicator.path, before=before, after=limit)
    return share


def _check_given_out(scope: Scope, indicator: Indicator, share: Allocation, limit: Decimal | None) -> None:
    if indicator.spread is Spread.COPY or limit is None:
        return
    by_line: dict[str, dict[UUID, Decimal | None]] = {}
    for (_, unit_id), cell in queries.shares_below(scope, parents=[share.id]).items():
        by_line.setdefault(cell.line, {})[unit_id] = cell.value
    for shares in by_line.values():
        split = rules.Decomposition(limit, shares, share.reserve)
        if split.excess:
            text = Text(
                N_("已分解 %(assigned)s，另留 %(reserve)s，比新的总数多 %(excess)s。请先在分解表中减少，再改总数。"),
                {
                    "assigned": rules.plain(split.assigned),
                    "reserve": rules.plain(share.reserve),
                    "excess": rules.plain(split.excess),
                },
            )
            raise GridRefusedError(fields={"limit": [text]}, excess={indicator.code: split.excess})
