"""
What a superior's form may be filled in from: forms and questions asked of the levels below, with their numbers.

A source is named by the code of its form, or by the id of a requirement with questions of its own. Features above register what
they ask (`ASKING`); forms itself knows only forms.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from sqlalchemy import and_, or_

from duban.fields.specs import FieldSpec
from duban.forms.designs import Design, below_chosen
from duban.forms.models import Form
from duban.forms.queries import form_in, in_force, may_see, versions_by_form
from duban.forms.states import FormState
from duban.kernel.scope import Scope, owned
from duban.tree.queries import units_by_path

_MOST = 60


@dataclass(frozen=True)
class Source:
    """Something asked below: `title` and whose it is, `fields` its numbers."""

    code: str
    title: str
    title_en: str
    owner: str
    fields: tuple[FieldSpec, ...]

    def field(self, key: str) -> FieldSpec | None:
        """Find a number by its key."""
        return next((one for one in self.fields if one.key == key), None)


Asking = Callable[[Scope, str], Sequence[Source]]
ASKING: list[Asking] = []


def sources(scope: Scope, path: str) -> Sequence[Source]:
    """
    List what a form of the unit at this path may be filled in from; of forms with one code, the newest stands for all.

    The caller has made sure that the actor designs for this unit. Costs: three queries and those of what is registered.
    """
    above = [path[: end + 1] for end, letter in enumerate(path) if letter == "."]
    below = and_(Form.path.startswith(path, autoescape=True), may_see(scope))
    published = owned(scope, Form).where(Form.state == FormState.PUBLISHED, or_(Form.path.in_(above), below))
    forms = scope.session.scalars(published.order_by(Form.id.desc()).limit(_MOST)).all()
    versions = versions_by_form(scope, {form.id for form in forms})
    owners = units_by_path(scope, {form.path for form in forms})
    found: dict[str, Source] = {}
    for form in forms:
        version = in_force(versions[form.id], scope.today)
        owner = owners[form.path].name if form.path in owners else ""
        asked = numbers(form_in(version).fields) if version else ()
        if asked:
            found.setdefault(form.code, Source(form.code, form.title, form.title_en, owner, asked))
    for asking in ASKING:
        found |= {one.code: one for one in asking(scope, path)}
    return list(found.values())


def numbers(fields: Sequence[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Keep the fields that are numbers and can be added up."""
    return tuple(one for one in fields if one.is_number)


def with_likely_fields(design: Design, offered: Sequence[Source]) -> Design:
    """Choose, where only the source was chosen yet, the field of the same name, so that nobody looks for it. Pure."""
    by_code = {one.code: one for one in offered}
    design = deepcopy(design)
    for row in design["fields"]:
        code, key = below_chosen(row)
        source = by_code.get(code)
        if source is None or source.field(key):
            continue
        label = str(row.get("label") or "").strip()
        likely = next((one for one in source.fields if one.label == label), None) or source.field(str(row.get("key") or ""))
        row |= {"from_below": code, "from_below_key": likely.key if likely else ""}
    return design
