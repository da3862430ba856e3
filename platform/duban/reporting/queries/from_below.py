"""
What the units below have handed in of each field a superior's form is filled in from (`from_below`), and how far that is typed.

`from_below` is "<code of a form>.<field key>", or "<id of a requirement>.<field key>" where that has questions of its own: the
total of that field over the requirements that ask it below the unit, in the line the duty works in,
for the periods inside the duty's own. Versions count as that requirement says, those the reader may read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from duban.fields.answers import Reading
from duban.fields.forms import FormSpec
from duban.fields.quantities import Figure, NotApplicable, Quantity, Value, as_value, figure, minus
from duban.fields.shapes import FieldSpec, Kind
from duban.fields.values import Stored, to_stored
from duban.forms.boxes import BELOW
from duban.forms.models import Form
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_, Text
from duban.reporting.adding import Counting
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.measures import measures_for
from duban.reporting.queries.totals import Counts, Node, Source, node_of, periods_of, totals
from duban.reporting.states import RequirementState
from duban.tree.models import Unit


@dataclass(frozen=True)
class Below:
    """The total of one field below, with who is in it and where it is shown whole."""

    spec: FieldSpec
    figure: Figure
    counts: Counts
    requirement_id: UUID
    source_key: str
    periods: tuple[str, ...]
    counting: Counting = Counting.ACCEPTED

    @property
    def value(self) -> Value:
        """The figure as an answer to the field it is filled into."""
        return as_value(self.figure, whole=self.spec.kind is Kind.INTEGER)

    @property
    def is_known(self) -> bool:
        """Say whether there is a number below to compare with."""
        return isinstance(self.figure, Quantity)


def below_of_form(scope: Scope, duty: Duty, form: FormSpec) -> dict[str, Below]:
    """
    Add up every field of a duty's form that is filled in from below; fields nobody below is asked are left out.

    Costs: nothing for a form without such a field; else three queries and two for each form named.
    """
    wanted = {spec.key: spec for spec in form.fields if spec.from_below}
    if not wanted:
        return {}
    kept: dict[UUID, dict[str, Below]] = scope.memo.setdefault("reporting.from_below", {})
    if duty.id not in kept:
        kept[duty.id] = _added_up(scope, duty, wanted)
    return kept[duty.id]


def _added_up(scope: Scope, duty: Duty, wanted: Mapping[str, FieldSpec]) -> dict[str, Below]:
    try:
        node = node_of(scope, get_owned(scope, Unit, duty.unit_id), duty.work_line)
    except NotFoundError:
        return {}
    found: dict[str, Below] = {}
    for code in sorted({spec.from_below.partition(".")[0] for spec in wanted.values()}):
        specs = {key: spec for key, spec in wanted.items() if spec.from_below.partition(".")[0] == code}
        found |= _of_form(scope, duty, node, code, specs)
    return found


def _of_form(scope: Scope, duty: Duty, node: Node, code: str, specs: Mapping[str, FieldSpec]) -> dict[str, Below]:
    requirements = _asking(scope, duty, code)
    if not requirements:
        return {}
    ids = tuple(one.id for one in requirements)
    periods = _inside(scope, duty, ids)
    if not periods:
        return {}
    known = {one.key: one for one in measures_for(scope, requirements[0])}
    keys = {key: spec.from_below.partition(".")[2] for key, spec in specs.items()}
    measures = [known[source] for source in dict.fromkeys(keys.values()) if source in known]
    counting = Counting(requirements[0].counting)
    source = Source(ids, periods, counting, apart_from=duty.unit_id)
    added = totals(scope, source=source, node=node, measures=measures)
    return {
        key: Below(spec, added.totals[keys[key]].figure, added.counts, ids[0], keys[key], periods, counting)
        for key, spec in specs.items()
        if keys[key] in added.totals and added.counts.expected
    }


def sources_of(scope: Scope, duty: Duty, codes: Collection[str]) -> Sequence[Source]:
    """Give what a duty's form takes from below: requirements and periods of each code. Costs: two queries for each code."""
    found = []
    for code in sorted(codes):
        ids = tuple(one.id for one in _asking(scope, duty, code))
        periods = _inside(scope, duty, ids) if ids else ()
        if periods:
            found.append(Source(ids, periods, Counting.ACCEPTED, apart_from=duty.unit_id))
    return found


def _asking(scope: Scope, duty: Duty, code: str) -> Sequence[Requirement]:
    """Find the requirements that ask the form, or the one with questions of its own this id is of, in the duty's line."""
    named = select(Form.id).where(Form.tenant_id == scope.tenant_id, Form.code == code)
    rows = scope.session.scalars(
        owned(scope, Requirement)
        .where(
            Requirement.form_id.in_(named) if (one_off := _as_id(code)) is None else Requirement.id == one_off,
            Requirement.state != RequirementState.DRAFT,
            Requirement.work_line.is_not_distinct_from(duty.work_line),
        )
        .order_by(Requirement.created_at.desc(), Requirement.id)
    )
    return rows.all()


def _as_id(code: str) -> UUID | None:
    try:
        return UUID(code) if len(code) == len(str(UUID(int=0))) else None
    except ValueError:
        return None


def _inside(scope: Scope, duty: Duty, requirement_ids: Sequence[UUID]) -> tuple[str, ...]:
    """Give the codes of the periods that lie inside the duty's own; what is asked once answers what is asked once."""
    known = periods_of(scope, requirement_ids)
    if duty.period_kind == "once":
        return tuple(one.code for one in known if one.kind == "once")
    return tuple(
        one.code for one in known if one.kind != "once" and duty.period_start <= one.start and one.end <= duty.period_end
    )


@dataclass(frozen=True)
class Gap:
    """What was typed, what those below come to, and by how much they differ where that can be said."""

    below: Below
    typed: Value

    @property
    def is_open(self) -> bool:
        """Say whether there is a difference to explain. Nothing typed is no figure yet."""
        mine = figure(self.typed)
        if not self.below.is_known or not isinstance(mine, Quantity):
            return False
        return mine != self.below.figure

    @property
    def difference(self) -> Quantity | None:
        """Give typed less below."""
        mine = figure(self.typed)
        if not isinstance(mine, Quantity) or not isinstance(self.below.figure, Quantity):
            return None
        return minus(mine, self.below.figure)

    @property
    def said(self) -> Text:
        """Say it in words."""
        return said_gap(mine=figure(self.typed), below=self.below.figure)


def said_gap(*, mine: Figure, below: Figure) -> Text:
    """Say how far a figure is from the total below."""
    gap = minus(mine, below) if isinstance(mine, Quantity) and isinstance(below, Quantity) else None
    values = {"mine": plain_figure(mine), "below": plain_figure(below), "gap": plain_figure(gap)}
    return Text(N_("报 %(mine)s，下级合计 %(below)s，差 %(gap)s"), values)


def plain_figure(found: Figure) -> str:
    """Write a figure as its number."""
    if found is None or isinstance(found, NotApplicable):
        return "—"
    return str(found)


def gaps_of(scope: Scope, duty: Duty, form: FormSpec, values: Mapping[str, Value]) -> dict[str, Gap]:
    """Compare what is typed with what those below come to. Costs: as `below_of_form`."""
    return {key: Gap(below, values.get(key)) for key, below in below_of_form(scope, duty, form).items()}


def beside_below(scope: Scope, duty: Duty, form: FormSpec, reading: Reading) -> Reading:
    """Ask for a word of explanation where a figure differs from the total below. Costs: as `below_of_form`."""
    gaps = gaps_of(scope, duty, form, reading.values)
    warnings = {f"{BELOW}{key}": gap.said for key, gap in gaps.items() if gap.is_open}
    return replace(reading, warnings={**reading.warnings, **warnings}) if warnings else reading


def kept_gaps(scope: Scope, duty: Duty, form: FormSpec, values: Mapping[str, Value]) -> dict[str, dict[str, Stored]] | None:
    """Give what a version keeps of those below, as they stood when it was handed in; None where nothing comes from below."""
    gaps = gaps_of(scope, duty, form, values)
    return {
        key: {
            "typed": to_stored(values.get(key)),
            "below": to_stored(gap.below.value),
            "counted": gap.below.counts.counted,
            "expected": gap.below.counts.expected,
        }
        for key, gap in gaps.items()
    } or None
