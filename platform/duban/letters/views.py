"""Pages of letters: the list with coverage, a letter, signing, what waits for one's signature, the Word file."""

import io
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import home_paths, lines_of, may, may_somewhere, require
from duban.identity.errors import LockedOutError, WrongPasswordError
from duban.identity.step_up import weighed
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.letters import queries
from duban.letters.layout import lay_out
from duban.letters.marks import STATE_MARKS
from duban.letters.models import Letter
from duban.letters.operations.signing import sign_letter
from duban.letters.operations.writing import default_prefix, generate_letters, issue_letters, withdraw_letter
from duban.letters.rules.coverage import total
from duban.letters.states import AFTER_SIGNATURE, NEXT_STATES, LetterState, Side
from duban.letters.word import write_docx
from duban.organisation.models import UnitContact
from duban.organisation.numbers import Number, number_of_contact
from duban.organisation.queries.units import contacts
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_structure import ContactKind
from duban.tenancy.queries import catalogue
from duban.tree.models import Unit
from duban.tree.queries import get_unit, get_unit_by_path, units_by_id
from duban.web.errors import status_of, translate
from duban.web.i18n import current_language, gettext
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, runtime, work

CALLED = ("leader_in_charge", "liaison_officer")
"""The kinds of contact shown beside a letter."""

bp = Blueprint("letters", __name__, url_prefix="/letters", template_folder="templates")

NAV = (
    NavEntry(
        label=N_("责任书"),
        endpoint="letters.index",
        icon="signature",
        group=N_("督办"),
        order=32,
        condition=lambda scope: may_somewhere(scope, "letter", "read"),
        count=queries.to_sign_tally,
    ),
)

_PAGE = 100
_GROUPS: dict[str, str] = {
    "none": N_("尚未生成"),
    "draft": N_("草稿"),
    "waiting": N_("待签字"),
    "in_force": N_("已生效"),
}
"""Tabs of the list, by the value in the address."""
_YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Place:
    """Whose letters of which year a page shows."""

    unit: Unit
    year: int

    def url(self, endpoint: str, **more: object) -> str:
        """Give the address of another page about the same unit and year."""
        values: dict[str, Any] = {"unit": self.unit.id, "year": self.year} | more
        return url_for(f"letters.{endpoint}", **values)


def _place(scope: Scope) -> Place:
    """Find out the page's superior (the actor's own unit without one) and year. Raises: NotFoundError."""
    wanted = request.values.get("unit", "")
    if wanted:
        try:
            unit = get_unit(scope, UUID(wanted))
        except ValueError as error:
            raise NotFoundError from error
    else:
        homes = home_paths(scope)
        if not homes:
            raise NotFoundError
        unit = get_unit_by_path(scope, homes[0])
    require(scope, "letter", "read", unit)
    year = request.values.get("year", "")
    number = int(year) if year.isascii() and year.isdigit() else scope.today.year
    return Place(unit, number if number in _YEARS else scope.today.year)


def _level_names(scope: Scope) -> dict[str, str]:
    levels = catalogue(scope, "kind").get("levels", ())
    return {level["code"]: level["name"].get(current_language()) or level["name"]["zh"] for level in levels}


@bp.get("/")
def index() -> ResponseReturnValue:
    """A superior's letters of a year and how far signing has come at and below it."""
    scope = current_scope()
    place = _place(scope)
    owed = queries.list_owed(scope, unit=place.unit, year=place.year)
    levels = queries.coverage_by_level(owed)
    own = [one for one in owed if one.upper.id == place.unit.id]
    campaign = queries.find_campaign(scope, upper_id=place.unit.id, year=place.year)
    years = {place.year, scope.today.year, *queries.years_with_letters(scope, upper_id=place.unit.id)}
    shown = request.args.get("state", "")
    issuing = lines_of(scope, "letter", "issue", place.unit)
    groups = {group: [one for one in own if _group_of(one) == group] for group in _GROUPS}
    return render_template(
        "letters/index.html",
        place=place,
        years=sorted(years, reverse=True),
        levels=levels,
        whole=total(level.coverage for level in levels),
        level_names=_level_names(scope),
        own=groups.get(shown, own),
        own_count=len(own),
        groups=[(group, label, len(groups[group])) for group, label in _GROUPS.items() if groups[group]],
        shown=shown if shown in groups else "",
        drafts=[
            one.letter
            for one in own
            if one.letter is not None and one.letter.state is LetterState.DRAFT and one.letter.work_line in issuing
        ],
        unwritten=sum(one.letter is None and one.line in issuing for one in own),
        line_names={line.code: line.name.in_language(current_language()) for line in structure(scope).lines},
        signatures=queries.list_signatures(scope, letter_ids=[one.letter.id for one in own if one.letter is not None]),
        marks=STATE_MARKS,
        may_issue=bool(issuing),
        issuing=issuing,
        prefix=campaign.prefix if campaign else default_prefix(place.unit),
        has_campaign=campaign is not None,
        to_sign=queries.count_to_sign(scope),
        own_letters=queries.list_own(scope, unit=place.unit),
        sides=Side,
    )


def _group_of(owed: queries.Owed) -> str:
    """Put a letter into one of the list's tabs."""
    if owed.letter is None:
        return "none"
    plain = {LetterState.DRAFT: "draft", LetterState.IN_FORCE: "in_force"}
    return plain.get(owed.letter.state, "waiting")


@bp.get("/unsigned")
def unsigned() -> ResponseReturnValue:
    """Every letter still owed at and below a unit, level by level."""
    scope = current_scope()
    place = _place(scope)
    missing = [one for one in queries.list_owed(scope, unit=place.unit, year=place.year) if not one.is_signed]
    level = request.args.get("level", "")
    if level:
        missing = [one for one in missing if one.upper.level == level]
    start = request.args.get("after", "")
    first = int(start) if start.isascii() and start.isdigit() else 0
    shown = missing[first : first + _PAGE]
    return render_template(
        "letters/unsigned.html",
        place=place,
        missing=shown,
        count=len(missing),
        next_cursor=first + _PAGE if first + _PAGE < len(missing) else None,
        level_names=_level_names(scope),
        levels=sorted({one.upper.level for one in missing}),
        marks=STATE_MARKS,
    )


@bp.get("/to-sign")
def to_sign() -> ResponseReturnValue:
    """What waits for the reader's signature."""
    scope = current_scope()
    letters = queries.list_to_sign(scope)
    at = queries.signing_paths(scope)
    return render_template("letters/to_sign.html", letters=letters, own_paths=at, signs=bool(at), marks=STATE_MARKS)


@bp.post("/generate")
def generate() -> ResponseReturnValue:
    """Write the year's letters from the targets that were issued."""
    place = _place(current_scope())
    try:
        with work() as scope:
            letters = generate_letters(scope, upper_id=place.unit.id, year=place.year, prefix=request.form.get("prefix") or None)
        flash(gettext(N_("已生成 %(n)s 份责任书草稿，请核对后下达。"), n=len(letters)), "success")
    except InvalidInputError as error:
        flash(" ".join(translate(text) for texts in error.fields.values() for text in texts), "error")
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    return redirect(place.url("index"))


@bp.post("/issue")
def issue() -> ResponseReturnValue:
    """Freeze the chosen drafts and put them before both leaders."""
    place = _place(current_scope())
    try:
        chosen = [UUID(value) for value in request.form.getlist("letter")]
    except ValueError as error:
        raise NotFoundError from error
    if not chosen:
        flash(gettext(N_("请先勾选要下达的责任书。")), "error")
        return redirect(place.url("index"))
    try:
        with work() as scope:
            issue_letters(scope, upper_id=place.unit.id, letter_ids=chosen)
        flash(gettext(N_("已下达 %(n)s 份责任书，双方负责人已收到签字通知。"), n=len(chosen)), "success")
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    return redirect(place.url("index"))


def _letter_frame(scope: Scope, letter: Letter) -> dict[str, Any]:
    signatures = queries.list_signatures(scope, letter_ids=[letter.id]).get(letter.id, {})
    side = queries.side_of_actor(scope, letter)
    return {
        "letter": letter,
        "layout": lay_out(letter, signatures),
        "signatures": signatures,
        "verdict": queries.verify(scope, letter),
        "mark": STATE_MARKS[letter.state],
        "side": side,
        "may_sign": side is not None and (letter.state, side) in AFTER_SIGNATURE,
        "may_withdraw": LetterState.WITHDRAWN in NEXT_STATES[letter.state]
        and letter.work_line in lines_of(scope, "letter", "issue", queries.place_of_upper(letter)),
        "waiting": queries.count_to_sign(scope),
        "may_see_list": may(scope, "letter", "read", queries.place_of_upper(letter)),
        "sides": Side,
    }


@dataclass(frozen=True)
class Party:
    """One of a letter's units with whom to call there: the kind of contact, the contact, the number as the reader sees it."""

    unit: Unit
    contacts: list[tuple[ContactKind, UnitContact, Number]]


def _parties(scope: Scope, letter: Letter) -> list[Party]:
    """Give who is in charge at both units today, as far as the reader may read the unit."""
    known = units_by_id(scope, [letter.upper_id, letter.lower_id])
    found = []
    for unit in (known[UnitId(unit_id)] for unit_id in (letter.upper_id, letter.lower_id)):
        if may(scope, "unit", "read", unit):
            named = contacts(scope, unit.id)
            kinds = [kind for kind in structure(scope).contact_kinds if kind.code in CALLED and kind.code in named]
            rows = [(kind, named[kind.code], number_of_contact(scope, named[kind.code], unit)) for kind in kinds]
            found.append(Party(unit, rows))
    return found


@bp.get("/<uuid:letter_id>")
def show(letter_id: UUID) -> ResponseReturnValue:
    """A letter as it was issued, with its signatures, whether they still hold, and whom to call at both units."""
    scope = current_scope()
    letter = queries.get_readable_letter(scope, letter_id)
    return render_template("letters/show.html", **_letter_frame(scope, letter), parties=_parties(scope, letter))


@bp.route("/<uuid:letter_id>/sign", methods=["GET", "POST"])
def sign(letter_id: UUID) -> ResponseReturnValue:
    """Read, confirm who one is, sign."""
    scope = current_scope()
    letter = queries.get_readable_letter(scope, letter_id)
    require(scope, "letter", "sign", letter)
    if queries.side_of_actor(scope, letter) is None:
        raise NotAllowedError(N_("只有责任书双方单位的负责人本人可以签字。"))
    if request.method == "GET":
        return render_template("letters/sign.html", **_letter_frame(scope, letter), errors={}, general=None)
    try:
        _sign(letter_id)
    except InvalidInputError as error:
        return _sign_again(letter_id, error, errors={key: list(texts) for key, texts in error.fields.items()})
    except (WrongPasswordError, LockedOutError) as error:
        return _sign_again(letter_id, error, errors={"password": [error.text]})
    except RuleBrokenError as error:
        return _sign_again(letter_id, error, errors={})
    flash(gettext(N_("签字成功。签字人、职务、时间和文本摘要已记录在案。")), "success")
    return redirect(url_for("letters.show", letter_id=letter_id))


def _sign(letter_id: UUID) -> None:
    form = request.form
    if not form.get("read"):
        raise InvalidInputError(fields={"read": [Text(N_("请先阅读全文并勾选确认。"))]})
    with work() as scope:
        sign_letter(
            scope,
            letter_id=letter_id,
            shown_digest=form.get("digest", ""),
            password=form.get("password", ""),
            keys=runtime().settings.factor_keys,
            weighed=weighed(),
        )


def _sign_again(letter_id: UUID, failure: AnticipatedError, *, errors: dict[str, list[Text]]) -> ResponseReturnValue:
    """Show the page again with what stood in the way; what belongs to no field is said on top."""
    scope = current_scope()
    frame = _letter_frame(scope, queries.get_readable_letter(scope, letter_id))
    general = None if errors else failure.text
    return render_template("letters/sign.html", **frame, errors=errors, general=general), status_of(failure)


@bp.post("/<uuid:letter_id>/withdraw")
def withdraw(letter_id: UUID) -> ResponseReturnValue:
    """Take a letter back."""
    try:
        with work() as scope:
            letter = withdraw_letter(scope, letter_id=letter_id, reason=request.form.get("reason", ""))
        flash(gettext(N_("%(number)s 已撤回。"), number=letter.number), "success")
    except InvalidInputError as error:
        flash(" ".join(translate(text) for texts in error.fields.values() for text in texts), "error")
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    return redirect(url_for("letters.show", letter_id=letter_id))


@bp.get("/<uuid:letter_id>/docx")
def docx(letter_id: UUID) -> ResponseReturnValue:
    """The letter as a Word file."""
    scope = current_scope()
    letter = queries.get_readable_letter(scope, letter_id)
    signatures = queries.list_signatures(scope, letter_ids=[letter.id]).get(letter.id, {})
    note = "" if letter.state is LetterState.IN_FORCE else f"（{_notes()[letter.state]}）"
    content = write_docx(lay_out(letter, signatures), zone=scope.zone, note=note)
    return send_file(
        io.BytesIO(content),
        mimetype="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        as_attachment=True,
        download_name=f"{letter.number} {letter.lower_name}.docx",
    )


def _notes() -> dict[LetterState, str]:
    """What a paper copy says where it is not in force: always Chinese, like the letter itself."""
    return {
        LetterState.DRAFT: "草稿，尚未下达",
        LetterState.ISSUED: "尚未签字，未生效",
        LetterState.SIGNED_BY_LOWER: "责任单位已签，尚未生效",
        LetterState.SIGNED_BY_UPPER: "下达单位已签，尚未生效",
        LetterState.IN_FORCE: "",
        LetterState.WITHDRAWN: "已撤回，作废",
    }


@bp.get("/<uuid:letter_id>/text")
def text(letter_id: UUID) -> ResponseReturnValue:
    """The frozen text, byte for byte: its SHA-256 is the digest shown."""
    letter = queries.get_readable_letter(current_scope(), letter_id)
    response = Response(letter.body.encode(), mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="{letter.digest[:12]}.txt"'
    return response
