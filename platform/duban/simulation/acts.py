"""What the people of a demo do, each through the operation behind the page: documents, programmes, requirements, duties."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from uuid import UUID

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import DueRule
from duban.calendar.lateness import LateModel, LatePenalty
from duban.fields.values import as_typed
from duban.files.operations import store
from duban.forms.boxes import ANSWER, BELOW
from duban.kernel.scope import Scope, owned
from duban.programmes.forms import DocumentForm, ProgrammeForm, StageForm, TaskForm
from duban.programmes.operations.documents import register_document
from duban.programmes.operations.drafting import add_group, add_stage, add_task, open_programme
from duban.programmes.operations.issuing import derive_programme, issue_programme
from duban.programmes.queries import get_programme, tasks_of
from duban.reporting import operations as reporting
from duban.reporting.forms import RequirementForm, Targets, TargetScope
from duban.reporting.handing_in import owner_of_field
from duban.reporting.models import Duty
from duban.reporting.queries.duties import get_duty
from duban.reporting.queries.forms import form_of
from duban.reporting.queries.from_below import below_of_form
from duban.reporting.remarks import Remark
from duban.reporting.states import UNIT_TO_ACT, Precondition
from duban.simulation.answers import answers, half, reasons
from duban.simulation.designed import asked
from duban.simulation.pictures import photograph as drawn
from duban.simulation.stage import Stage
from duban.tenancy.kinds_catalogue import DocumentTemplate, PlanTemplate, RequirementTemplate, in_year

PHOTOS = "photos"
LARGEST_PICTURE = 1_000_000
OFFICES = {"expressway": "安全管理部"}
"""Who takes in what is handed in, where it is not the safety committee's office."""


@dataclass(frozen=True)
class Owed:
    """A duty as the story needs it; `unit` is the unit's code."""

    id: UUID
    requirement: str
    unit: str
    period: str
    due_on: date


def register(stage: Stage, login: str, unit: str, document: DocumentTemplate, *, text: str, issued_on: date) -> UUID:
    """Register a document and, before it, the ones it rests on."""
    parent_id = None
    if document.parent is not None:
        parent_id = register(stage, login, unit, document.parent, text="", issued_on=issued_on)
    form = DocumentForm(
        title=document.title.zh,
        issuer=document.issuer.zh,
        number=document.number,
        issued_on=issued_on,
        parent_id=parent_id,
    )
    with stage.as_(login) as scope:
        return register_document(scope, unit_id=stage.units[unit], form=form, original_text=text).id


def original_text(plan: PlanTemplate, year: int) -> str:
    """Write a document's text from its plan, as such documents are written."""
    lines = [plan.title_in(year).zh, "", plan.goal.zh, ""]
    for number, group in enumerate(plan.groups, start=1):
        lines.append(f"（{'一二三四五六七八九十'[number - 1]}）{group.title.zh}")
        lines += [f"{task.number}. {task.title.zh}。{task.text.zh}" for task in group.tasks]
    lines += [""] + [f"{stage.title.zh}：{in_year(stage.window, year)}。" for stage in plan.stages]
    return "\n".join(lines)


def issue_plan(stage: Stage, login: str, unit: str, plan: PlanTemplate, *, year: int, document_id: UUID) -> UUID:
    """Draft a programme with its stages, groups and tasks, and issue it. Units of a task's levels own it."""
    head = ProgrammeForm(title=plan.title_in(year).zh, year=year, goal=plan.goal.zh)
    with stage.as_(login) as scope:
        programme = open_programme(scope, unit_id=stage.units[unit], document_id=document_id, form=head)
        for one in plan.stages:
            form = StageForm(name=one.title.zh, wording=in_year(one.window, year))
            add_stage(scope, programme_id=programme.id, version=programme.version, form=form)
        for group in plan.groups:
            made = add_group(scope, programme_id=programme.id, version=programme.version, name=group.title.zh)
            scope.session.flush()  # the tasks below refer to the group
            for task in group.tasks:
                owners = [stage.units[code] for code in stage.codes(*task.owners)][:30]
                task_form = TaskForm(
                    title=task.title.zh, number=str(task.number), text=task.text.zh, group_id=made.id, unit_ids=owners
                )
                add_task(scope, programme_id=programme.id, version=programme.version, form=task_form)
        issue_programme(scope, programme_id=programme.id, version=programme.version)
        return programme.id


def derive_plan(stage: Stage, login: str, unit: str, *, source_id: UUID, title: str, year: int, numbers: Sequence[str]) -> UUID:
    """Make a unit's own programme from some tasks of its superior's, and issue it."""
    with stage.as_(login) as scope:
        source = get_programme(scope, source_id)
        chosen = [task.id for task in tasks_of(scope, source.id) if task.number in set(numbers)]
        form = ProgrammeForm(title=title, year=year, goal=source.goal)
        programme = derive_programme(scope, source_id=source_id, unit_id=stage.units[unit], task_ids=chosen, form=form)
        scope.session.flush()  # the copied tasks are counted when it is issued
        issue_programme(scope, programme_id=programme.id, version=programme.version)
        return programme.id


def written(stage: Stage, unit: str, template: RequirementTemplate, *, year: int) -> RequirementForm:
    """Give the form an officer of a unit would fill in from a template of the kind."""
    defaults = stage.kind.defaults
    office = OFFICES.get(stage.kind.code, "安委会办公室")
    return RequirementForm(
        title=template.title.zh,
        title_en=template.title.en,
        instruction=template.text.zh,
        instruction_en=template.text.en,
        recipient=f"{stage.unit_names[unit]}{office}",
        line=stage.kind.primary_line.code,
        targets=Targets(TargetScope.SUBTREE, levels=template.owed_by),
        due=template.due_in(year),
        campaign=template.campaign_in(year),
        nil_allowed=template.nil_allowed,
        preconditions=(Precondition.CONTACTS_NAMED,) if template.needs_contacts else (),
        penalty=LatePenalty(
            model=LateModel(defaults.late_model), points=defaults.late_points, missing_points=defaults.missing_points
        ),
        missing_after_days=defaults.missing_after_days,
        ladder=template.ladder,
    )


def issue_requirement(
    stage: Stage,
    login: str,
    unit: str,
    template: RequirementTemplate,
    *,
    year: int,
    due: DueRule | None = None,
    campaign: Campaign | None = None,
    targets: Targets | None = None,
    programme_id: UUID | None = None,
    title: str = "",
    title_en: str = "",
    line: str = "",
) -> list[Owed]:
    """Write a requirement from a template, changed where given, and issue it. Gives: the duties, by due date and unit."""
    form = written(stage, unit, template, year=year)
    form = replace(
        form,
        due=due or form.due,
        campaign=campaign or form.campaign,
        targets=targets or form.targets,
        programme_id=programme_id,
        title=title or form.title,
        title_en=title_en if title else form.title_en,  # the template's English names something else
        line=line or form.line,
    )
    with stage.as_(login) as scope:
        form = replace(form, **asked(scope, stage, unit, template))
        requirement = reporting.create_requirement(scope, unit_id=stage.units[unit], form=form)
        scope.session.flush()  # issuing reads it again, locked
        reporting.issue(scope, requirement_id=requirement.id)
        codes = stage.codes_by_id
        rows = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == requirement.id)).all()
        owed = [Owed(row.id, template.code, codes[row.unit_id], row.period_code, row.due_on) for row in rows]
    order = list(stage.units)
    return sorted(owed, key=lambda one: (one.due_on, order.index(one.unit)))


def hand_in(stage: Stage, owed: Owed, *, number: int = 0, note: str = "", given: Mapping[str, str] | None = None) -> None:
    """
    Hand in a duty as its unit's clerk, with the totals of those below where its form takes them.

    Takes:  `given` answers that stand as they are, before those from below.
    """
    with stage.as_(stage.clerks[owed.unit]) as scope:
        duty = get_duty(scope, owed.id)
        form = form_of(scope, duty)
        below = {key: as_typed(one.value) for key, one in below_of_form(scope, duty, form).items() if one.is_known}
        typed = answers(form, number, day=owed.due_on, given=below | dict(given or {}))
        reporting.submit(scope, duty_id=owed.id, typed=typed, note=note, explanations=dict(reasons(form, BELOW)))


def photograph(stage: Stage, owed: Owed, number: int) -> None:
    """Attach a photograph to a duty whose form asks for some, where the demo has a place for files."""
    with stage.as_(stage.clerks[owed.unit]) as scope:
        duty = get_duty(scope, owed.id)
        asks = any(spec.key == PHOTOS for spec in form_of(scope, duty).fields)
        if stage.files is not None and asks:
            picture = BytesIO(drawn(number))
            store(
                scope, owner=owner_of_field(duty, PHOTOS), filename=f"现场{number + 1}.png", stream=picture, into=stage.files,
                limit_bytes=LARGEST_PICTURE,
            )  # fmt: skip


def hand_in_nothing(stage: Stage, owed: Owed, *, note: str = "") -> None:
    """Hand in a nil return as the unit's clerk."""
    with stage.as_(stage.clerks[owed.unit]) as scope:
        reporting.submit_nil(scope, duty_id=owed.id, note=note)


def begin_draft(stage: Stage, owed: Owed, *, number: int = 0) -> None:
    """Type the first half of the answers and leave it."""
    with stage.as_(stage.clerks[owed.unit]) as scope:
        form = form_of(scope, get_duty(scope, owed.id))
        typed = {f"{ANSWER}{key}": text for key, text in half(answers(form, number, day=owed.due_on)).items()}
        reporting.save_draft(scope, duty_id=owed.id, typed=typed)


def accept(stage: Stage, login: str, owed: Owed) -> None:
    """Accept what stands."""
    with stage.as_(login) as scope:
        reporting.accept(scope, duty_id=owed.id)


def give_back(stage: Stage, login: str, owed: Owed, reason: str, remarks: Mapping[str, str] | None = None) -> None:
    """Return what stands, saying what to correct, with remarks at fields where there are some."""
    pinned = [Remark(key, text) for key, text in (remarks or {}).items()]
    with stage.as_(login) as scope:
        reporting.return_for_correction(scope, duty_id=owed.id, reason=reason, remarks=pinned)


def ask_for_time(stage: Stage, owed: Owed, *, wanted_on: date, reason: str, progress: str) -> None:
    """Ask for a later day as the unit's clerk."""
    with stage.as_(stage.clerks[owed.unit]) as scope:
        reporting.ask_extension(scope, duty_id=owed.id, wanted_on=wanted_on, reason=reason, progress=progress)


def open_duties_of(scope: Scope, unit_id: UUID) -> Sequence[Duty]:
    """List what a unit still owes, the most urgent first."""
    statement = owned(scope, Duty).where(Duty.unit_id == unit_id, Duty.state.in_(UNIT_TO_ACT))
    return scope.session.scalars(statement.order_by(Duty.due_on, Duty.id)).all()


def late_requirements(scope: Scope) -> list[UUID]:
    """List the requirements of the primary line some unit is late with, those of the latest due date first."""
    statement = owned(scope, Duty).where(Duty.state.in_(UNIT_TO_ACT), Duty.due_at <= scope.now, Duty.work_line.is_(None))
    rows = scope.session.scalars(statement.order_by(Duty.due_on.desc(), Duty.id))
    return list(dict.fromkeys(row.requirement_id for row in rows))
