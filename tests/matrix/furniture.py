"""One of everything at every place of a tenant of the matrix, in every state a route needs."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from duban.assessments import queries as assessment_queries
from duban.assessments.operations import freezing, marking, opening, proposals, vetoes
from duban.audit.models import AuditRecord
from duban.files.queries import list_of
from duban.forms import operations as forms
from duban.identity.models import ApiToken, LoginSession
from duban.identity.operations import open_reset
from duban.identity.queries import get_person
from duban.kernel.ids import new_id
from duban.kernel.scope import owned
from duban.letters.operations.writing import generate_letters, issue_letters
from duban.notifications.models import Effect, Notice
from duban.notifications.states import Channel, EffectState
from duban.organisation.operations.groups import GroupForm, Seat, set_up_group
from duban.organisation.operations.reorganising import decide
from duban.organisation.operations.roles import grant_role
from duban.organisation.operations.units import place_in_line
from duban.organisation.rules.changes import Rename
from duban.organisation.states import GroupPost
from duban.programmes import queries as programme_queries
from duban.programmes.forms import DocumentForm, ProgrammeForm, StageForm, TaskForm
from duban.programmes.operations import documents, drafting, issuing
from duban.reporting import operations as reporting
from duban.reporting.forms import requirement_form
from duban.reporting.handing_in import SUBMISSION_FILES
from duban.reporting.models import Duty
from duban.targets import queries as target_queries
from duban.targets.operations.defining import IndicatorDraft, define_indicator
from duban.targets.operations.handing_down import issue_allocations
from duban.targets.operations.splitting import GridInput, save_grid
from duban.targets.states import Direction, Kind, Spread
from duban.tree.models import Unit
from duban.tree.queries import get_unit
from tests.cast import PASSWORD
from tests.integration.assessments.stage import SCHEME
from tests.integration.reporting.requirements import ANSWERS, data
from tests.matrix.furniture_parts import keep, superiors
from tests.matrix.furniture_sent import dispatches, supervised_matters
from tests.matrix.places import PRIMARY, TREES
from tests.matrix.stage import SUBJECT, House

YEAR = 2026
LETTER_YEAR, DRAFT_YEAR = 2025, 2026
FACTOR_KEYS = ("factor-test-key-of-at-least-thirty-two-characters",)


def furnish(house: House) -> None:
    """Make everything."""
    for make in (
        _documents,
        _programmes,
        _requirements,
        _forms,
        _targets,
        _letters,
        dispatches,
        supervised_matters,
        _assessments,
        _second_line,
        _planned,
        _notices,
        _doors,
        _pending,
        _resets,
        _leading_groups,
        _records,
    ):
        make(house)


def _documents(house: House) -> None:
    for place, writer in house.writers.items():
        with house.as_(writer) as scope:
            form = DocumentForm(title=house.title("document", place), issuer="办公室")
            made = documents.register_document(scope, unit_id=house.units[place], form=form, original_text="原文")
            scope.session.flush()
            house.put("document", place, made.id, version=1)
            file_id = keep(house, scope, documents.file_owner(made), f"{house.title('docfile', place)}txt")
            house.put("docfile", place, file_id)


def _programmes(house: House) -> None:
    for place, writer in house.writers.items():
        for kind in ("draft", "programme"):
            with house.as_(writer) as scope:
                form = ProgrammeForm(title=house.title(kind, place), year=YEAR)
                document = house.things["document", place].id
                made = drafting.open_programme(scope, unit_id=house.units[place], document_id=document, form=form)
                scope.session.flush()
                given = {"programme_id": made.id}
                stage = drafting.add_stage(scope, **given, version=made.version, form=StageForm(name="阶段", wording="4月"))
                group = drafting.add_group(scope, **given, version=made.version, name="分组")
                empty = drafting.add_group(scope, **given, version=made.version, name="空组")
                for title in ("任务一", "任务二"):
                    task = drafting.add_task(scope, **given, version=made.version, form=TaskForm(title=title, group_id=group.id))
                if kind == "programme":
                    issuing.issue_programme(scope, programme_id=made.id, version=made.version)
                else:
                    house.put("stage", place, stage.id)
                    house.put("group", place, empty.id)
                house.put("task" if kind == "draft" else "issuedtask", place, task.id)
                house.put(kind, place, made.id, version=made.version)
                assert programme_queries.get_programme(scope, made.id)


def _requirements(house: House) -> None:
    for place in superiors(house):
        for kind, due in (
            ("requirement", "2026-03-20"),
            ("reqdraft", "2026-03-21"),
            ("asked", "2026-03-22"),
            ("latereq", "2026-03-05"),
            ("shutreq", "2026-03-24"),
            ("settledreq", "2026-03-25"),
            ("askingreq", "2026-03-26"),
            ("belowreq", "2026-03-27"),
        ):
            # what is over by now was asked for while it was not
            with house.as_(house.writers[place], at=house.now - timedelta(days=8) if kind == "latereq" else None) as scope:
                plain = data(
                    title=house.title(kind, place), due={"kind": "fixed", "on": due}, nil_allowed=True, active_from="2026-03-01"
                )
                if kind == "shutreq":
                    plain |= {"opens": "before_due", "opens_days": "2"}
                plain["superiors_may_enter"] = kind == "belowreq"
                made = reporting.create_requirement(scope, unit_id=house.units[place], form=requirement_form(plain))
                scope.session.flush()
                if kind != "reqdraft":
                    reporting.issue(scope, requirement_id=made.id)
                house.put(kind, place, made.id, version=made.version)
        for kind, of in (
            ("duty", "requirement"),
            ("submitted", "asked"),
            ("late", "latereq"),
            ("shut", "shutreq"),
            ("settled", "settledreq"),
            ("asking", "askingreq"),
            ("belowduty", "belowreq"),
        ):
            for below in _duties(house, place, kind, of):
                if kind in {"settled", "asking"}:
                    _settle(house, place, below, kind)
    for (kind, place), thing in list(house.things.items()):
        if kind == "submitted":
            _hand_in(house, place, thing.id)
        elif kind == "shut":
            with house.as_(house.writers[place]) as scope:
                made = reporting.ask_extension(scope, duty_id=thing.id, wanted_on=date(2026, 3, 31), reason="暴雨")
                house.put("extension", place, made.id)
        elif kind == "duty":
            with house.as_(house.writers[place]) as scope:
                owner = reporting.owner_of(scope.session.scalars(owned(scope, Duty).where(Duty.id == thing.id)).one())
                house.put("dutyfile", place, keep(house, scope, owner, f"{house.title('dutyfile', place)}txt"))


def _forms(house: House) -> None:
    for place in superiors(house):
        for kind in ("form", "formdraft"):
            with house.as_(house.writers[place]) as scope:
                design = {"fields": [{"key": "done", "label": "完成情况", "kind": "text"}], "checks": []}
                made = forms.create_form(scope, unit_id=house.units[place], title=house.title(kind, place), design=design)
                scope.session.flush()
                if kind == "form":
                    forms.publish(scope, form_id=made.id, effective_from=date(YEAR, 1, 1), version=made.version)
                    forms.save_design(
                        scope,
                        form_id=made.id,
                        title=made.title,
                        design={"fields": [*design["fields"], {"key": "more", "label": "备注", "kind": "text"}], "checks": []},
                        version=made.version,
                    )
                house.put(kind, place, made.id, version=made.version)


def _settle(house: House, superior: str, place: str, kind: str) -> None:
    """Have a duty accepted, and for some its correction asked for."""
    duty_id = house.things[kind, place].id
    with house.as_(house.writers[place]) as scope:
        reporting.submit_nil(scope, duty_id=duty_id)
    with house.as_(house.writers[superior]) as scope:
        reporting.accept(scope, duty_id=duty_id)
    if kind == "asking":
        with house.as_(house.writers[place]) as scope:
            reporting.ask_correction(scope, duty_id=duty_id, reason="漏报一项")


def _duties(house: House, superior: str, kind: str, of: str) -> list[str]:
    keys, made = {unit_id: key for key, unit_id in house.units.items()}, []
    with house.as_system() as scope:
        found = owned(scope, Duty).where(Duty.requirement_id == house.things[of, superior].id)
        for duty in scope.session.scalars(found):
            house.put(kind, keys[duty.unit_id], duty.id, requirement=house.things[of, superior].id, period=duty.period_code)
            made.append(keys[duty.unit_id])
    return made


def _hand_in(house: House, place: str, duty_id: object) -> None:
    with house.as_(house.writers[place]) as scope:
        duty = scope.session.scalars(owned(scope, Duty).where(Duty.id == duty_id)).one()
        keep(house, scope, reporting.owner_of(duty), f"{house.title('subfile', place)}txt")
        scope.session.flush()
        version = reporting.submit(scope, duty_id=duty_id, typed=ANSWERS | {"done": house.title("answer", place)})
        scope.session.flush()
        (row,) = list_of(scope, SUBMISSION_FILES, [version.id])[version.id]
        house.put("subfile", place, row.id)


def _targets(house: House) -> None:
    line = PRIMARY[house.tree.kind]
    for place in superiors(house):
        unit_id = house.units[place]
        with house.as_(house.writers[place]) as scope:
            draft = IndicatorDraft(
                code=f"own{place.lower()}", name=house.title("indicator", place), kind=Kind.CONTROL, spread=Spread.SPLIT,
                direction=Direction.AT_MOST, unit_of_measure="人", year=YEAR, limit=Decimal(100),
            )  # fmt: skip
            indicator = define_indicator(scope, owner_id=unit_id, draft=draft)
            scope.session.flush()
            (own,) = [
                share for one, share in target_queries.list_shares(scope, unit_id=unit_id, year=YEAR) if one.id == indicator.id
            ]
            unit = get_unit(scope, unit_id)
            units = [one.id for one in target_queries.grid(scope, unit=unit, year=YEAR, line=line).units]
            cells = {(indicator.id, below): Decimal(3) for below in units}
            save_grid(scope, unit_id=unit_id, year=YEAR, line=line, typed=GridInput(cells, {}, {indicator.id: own.version}))
            issue_allocations(scope, unit_id=unit_id, year=YEAR, line=line)
            # one more given out and not told yet, so that there is something to tell
            draft = IndicatorDraft(
                code=f"more{place.lower()}", name=house.title("more", place), kind=Kind.CONTROL, spread=Spread.SPLIT,
                direction=Direction.AT_MOST, unit_of_measure="人", year=YEAR, limit=Decimal(100),
            )  # fmt: skip
            more = define_indicator(scope, owner_id=unit_id, draft=draft)
            scope.session.flush()
            held = {one.id: share for one, share in target_queries.list_shares(scope, unit_id=unit_id, year=YEAR)}
            cells = {(more.id, below): Decimal(1) for below in units}
            save_grid(scope, unit_id=unit_id, year=YEAR, line=line, typed=GridInput(cells, {}, {more.id: held[more.id].version}))
            scope.session.flush()
            house.put("indicator", place, indicator.id, version=own.version, share=own.id)
        for below in house.below(place):
            with house.as_(house.writers[below]) as scope:
                for one, share in target_queries.list_shares(scope, unit_id=house.units[below], year=YEAR):
                    if one.id == indicator.id:
                        house.put("share", below, share.id, version=share.version, indicator=one.id)


def _letters(house: House) -> None:
    keys = {unit_id: key for key, unit_id in house.units.items()}
    for place in superiors(house):
        with house.as_(house.writers[place]) as scope:
            for kind, year in (("letter", LETTER_YEAR), ("letterdraft", DRAFT_YEAR)):
                letters = generate_letters(scope, upper_id=house.units[place], year=year)
                if kind == "letter":
                    issue_letters(scope, upper_id=house.units[place], letter_ids=[letter.id for letter in letters])
                for letter in letters:
                    below = keys[letter.lower_id]
                    more = {"digest": letter.digest, "version": letter.version, "password": PASSWORD}
                    house.put(kind, below, letter.id, at=place, to=below, **more)


def _assessments(house: House) -> None:
    levels = {key: level for key, _, level in TREES[house.tree.kind]}
    scheme = SCHEME | {"vetoes": [{**SCHEME["vetoes"][1], "code": code} for code in ("V3", "V4", "V5")]}
    for place in superiors(house):
        below = sorted({levels[key] for key in house.below(place)})
        for kind in ("preparing", "selfscoring", "scoring", "agreeing", "closed", "published"):
            with house.as_(house.writers[place]) as scope:
                made = opening.open_assessment(
                    scope, unit_id=house.units[place], year=YEAR, levels=below, name=house.title(kind, place), round_code=kind,
                    scheme_data=scheme,
                )  # fmt: skip
                scope.session.flush()
                house.put(kind, place, made.id)
                if kind == "selfscoring":
                    opening.begin_self_scoring(scope, assessment_id=made.id, due_on=date(2026, 3, 20))
                elif kind != "preparing":
                    opening.begin_scoring(scope, assessment_id=made.id)
                scope.session.flush()
                keys = {unit_id: key for key, unit_id in house.units.items()}
                cards = {keys[card.unit_id]: card.id for card in assessment_queries.cards_of(scope, [made.id])}
            for below_key, card_id in cards.items():
                house.put(f"{kind}card", below_key, card_id)
            if kind in {"scoring", "agreeing", "closed", "published"}:
                _score(house, place, kind, cards)


def _score(house: House, place: str, kind: str, cards: dict) -> None:
    evaluator = next((who for who in house.people if who.endswith(".evaluator@C")), "") if place == "C" else house.writers[place]
    with house.as_(evaluator) as scope:
        for card_id in cards.values():
            draft = marking.MarkDraft(item_code="quality", value=Decimal(55), reason="台账不全")
            marking.enter_mark(scope, card_id=card_id, draft=draft)
        if kind == "scoring":
            for below, card_id in cards.items():
                for name, rule in (("veto", "V3"), ("confirmed", "V4")):
                    made = vetoes.propose_veto(scope, card_id=card_id, rule_code=rule, document="某号文", reason="瞒报")
                    house.put(name, below, made.id)
    with house.as_(house.leaders[place]) as scope:
        for below in cards:
            if kind == "scoring":
                vetoes.confirm_veto(scope, decision_id=house.things["confirmed", below].id)
    acts = {"agreeing": [freezing.close], "closed": [freezing.close], "published": [freezing.close, freezing.publish]}
    for act in acts.get(kind, ()):
        with house.as_(house.writers[place]) as scope:
            made = act(scope, assessment_id=house.things[kind, place].id)
            scope.session.flush()
        if kind == "agreeing":
            house.put("proposal", place, made.id)
        else:
            with house.as_(house.leaders[place]) as scope:
                proposals.confirm_proposal(scope, proposal_id=made.id)


def _second_line(house: House) -> None:
    if "D1" in house.units:
        admin = next(who for who in house.people if who.endswith(".admin@C"))
        with house.as_(admin) as scope:
            place_in_line(
                scope, unit_id=house.units["E11"], line="sector", parent_id=house.units["D1"], active_from=date(2026, 1, 1)
            )


def _planned(house: House) -> None:
    place = next(key for key in ("P1", "V21", "V2") if key in house.units)
    admin = next(who for who in house.people if who.endswith(".admin@C"))
    with house.as_(admin) as scope:
        filed = decide(
            scope,
            change=Rename(house.units[place], house.title("unit", place), house.title("unit", place)),
            basis="某号文",
            effective_on=date(2026, 6, 1),
        )
        house.put("planned", place, filed.id)


def _notices(house: House) -> None:
    with house.as_system() as scope:
        for who, person_id in house.people.items():
            effect = scope.add(
                Effect(
                    id=new_id(), subject_kind="unit", subject_id=house.units["C"], stage="matrix", recipient_id=person_id,
                    channel=Channel.IN_APP, due_version=1, template="已保存", params={}, link="", state=EffectState.DONE,
                    tries=0, epoch=0, next_try_at=scope.now, created_at=scope.now, note="",
                )
            )  # fmt: skip
            scope.session.flush()
            notice = scope.add(
                Notice(
                    id=new_id(), effect_id=effect.id, recipient_id=person_id, template="已保存", params={}, link="",
                    created_at=scope.now,
                )
            )  # fmt: skip
            place = who.partition("@")[2] or "C"
            if who.startswith(f"{SUBJECT}@"):
                house.put("notice", place, notice.id, owner=who)
        assert scope.session.scalars(select(Notice.id).where(Notice.tenant_id == scope.tenant_id)).all()


def _leading_groups(house: House) -> None:
    for place, writer in house.writers.items():
        with house.as_(writer) as scope:
            form = GroupForm("领导小组", "", "", [Seat(GroupPost.CHAIR, "张三", "", "")])
            house.put("leading", place, set_up_group(scope, unit_id=house.units[place], form=form).id)


def _pending(house: House) -> None:
    admin = next(who for who in house.people if who.endswith(".admin@C"))
    for place in [key for key in ("T1",) if key in house.leaders]:
        role = house.leaders[place].partition("@")[0]
        with house.as_(admin) as scope:
            person_id = house.people[f"{SUBJECT}@{place}"]
            made = grant_role(scope, person_id=person_id, unit_id=house.units[place], role=role)
            scope.session.flush()
            house.put("pending", place, made.id)


def _resets(house: House) -> None:
    admin = next(who for who in house.people if who.endswith(".admin@C"))
    for place in house.writers:
        with house.as_(admin) as scope:
            person = get_person(scope, house.people[f"{SUBJECT}@{place}"])
            house.put("reset", place, open_reset(scope, person=person, keys=FACTOR_KEYS).reset_id)


def _doors(house: House) -> None:
    with house.as_system() as scope:
        for place in house.writers:
            person_id = house.people[f"{SUBJECT}@{place}"]
            for kind, model in (("device", LoginSession), ("token", ApiToken)):
                row = scope.session.scalars(owned(scope, model).where(model.person_id == person_id)).one()
                house.put(kind, place, row.id, owner=f"{SUBJECT}@{place}")
                house.put(f"kept{kind}", place, row.id)


def _records(house: House) -> None:
    keys = {unit_id: key for key, unit_id in house.units.items()}
    with house.as_system() as scope:
        paths = {unit.path: keys[unit.id] for unit in scope.session.scalars(owned(scope, Unit))}
        of_tenant = AuditRecord.tenant_id == scope.tenant_id
        rows = select(AuditRecord.seq, AuditRecord.unit_path).where(of_tenant).order_by(AuditRecord.seq)
        for seq, path in scope.session.execute(rows):
            if path in paths:
                house.put("record", paths[path], house.units[paths[path]], seq=seq)


Maker = Callable[[House], None]
