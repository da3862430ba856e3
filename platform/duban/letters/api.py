"""Letters for programs: the same operations as the pages."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.access.checks import require
from duban.identity.step_up import weighed
from duban.kernel.scope import Scope
from duban.letters import queries
from duban.letters.models import Letter
from duban.letters.operations.signing import sign_letter
from duban.letters.operations.writing import generate_letters, issue_letters, withdraw_letter
from duban.letters.queries import LevelCoverage
from duban.letters.schemas import (
    CoverageSchema,
    GenerateSchema,
    IssueLettersSchema,
    LetterDetailSchema,
    LetterListSchema,
    LettersArgs,
    LetterSchema,
    SignatureSchema,
    SignSchema,
    WithdrawSchema,
)
from duban.tree.queries import get_unit
from duban.web.api import ETAG, ApiBlueprint, compare_row, tagged
from duban.web.requests import current_scope, runtime, work

blp = ApiBlueprint("letters-api", __name__, url_prefix="/api/v1/letters", description="Responsibility letters and signatures")


def _detail(scope: Scope, letter: Letter) -> dict[str, Any]:
    signatures = queries.list_signatures(scope, letter_ids=[letter.id]).get(letter.id, {})
    plain: dict[str, Any] = {name: getattr(letter, name) for name in LetterSchema().fields}
    return plain | {
        "body": letter.body,
        "signatures": list(signatures.values()),
        "is_intact": queries.verify(scope, letter).is_intact,
    }


def _level(level: LevelCoverage) -> dict[str, Any]:
    return {
        "level": level.level,
        "owed": level.coverage.owed,
        "signed": level.coverage.signed,
        "percent": level.coverage.percent,
        "by_upper": [
            {
                "unit_id": unit.id,
                "name": unit.name,
                "owed": coverage.owed,
                "signed": coverage.signed,
                "percent": coverage.percent,
            }
            for unit, coverage in level.by_upper
        ],
    }


@blp.get("")
@blp.arguments(LettersArgs, location="query")
@blp.response(200, LetterListSchema)
def list_letters(args: dict[str, Any]) -> dict[str, Any]:
    """List a superior's letters of a year that were not withdrawn, in the order of their numbers."""
    scope = current_scope()
    require(scope, "letter", "read", get_unit(scope, args["unit_id"]))
    letters = queries.living_letters(scope, upper_id=args["unit_id"], year=args["year"]).values()
    return {"items": sorted(letters, key=lambda letter: letter.serial)}


@blp.get("/coverage")
@blp.arguments(LettersArgs, location="query")
@blp.response(200, CoverageSchema)
def coverage(args: dict[str, Any]) -> dict[str, Any]:
    """Say how far signing has come at and below a unit, per level and superior."""
    scope = current_scope()
    unit = get_unit(scope, args["unit_id"])
    require(scope, "letter", "read", unit)
    return {"levels": [_level(level) for level in queries.coverage(scope, unit=unit, year=args["year"])]}


@blp.get("/to-sign")
@blp.response(200, LetterListSchema)
def to_sign() -> dict[str, Any]:
    """List what waits for one's own signature."""
    return {"items": queries.list_to_sign(current_scope())}


@blp.get("/<uuid:letter_id>")
@blp.response(200, LetterDetailSchema, headers=ETAG)
def show(letter_id: UUID) -> ResponseReturnValue:
    """Give a letter with its text and signatures."""
    scope = current_scope()
    letter = queries.get_readable_letter(scope, letter_id)
    return tagged(_detail(scope, letter), letter.version)


@blp.post("")
@blp.arguments(GenerateSchema)
@blp.response(201, LetterListSchema)
def generate(body: dict[str, Any]) -> dict[str, Any]:
    """Write the year's letters of a superior; drafts are written anew."""
    with work() as scope:
        return {"items": generate_letters(scope, upper_id=body["unit_id"], year=body["year"], prefix=body["prefix"])}


@blp.post("/issue")
@blp.arguments(IssueLettersSchema)
@blp.response(200, LetterListSchema)
def issue(body: dict[str, Any]) -> dict[str, Any]:
    """Freeze drafts and put them before both leaders."""
    with work() as scope:
        return {"items": issue_letters(scope, upper_id=body["unit_id"], letter_ids=body["letter_ids"])}


@blp.post("/<uuid:letter_id>/sign")
@blp.arguments(SignSchema)
@blp.response(201, SignatureSchema)
def sign(body: dict[str, Any], letter_id: UUID) -> object:
    """Sign for the unit one leads, with one's password or a code of the second factor again."""
    with work() as scope:
        compare_row(scope, queries.get_readable_letter(scope, letter_id))
        return sign_letter(
            scope,
            letter_id=letter_id,
            shown_digest=body["digest"],
            password=body["password"],
            keys=runtime().settings.factor_keys,
            weighed=weighed(),
        )


@blp.post("/<uuid:letter_id>/withdraw")
@blp.arguments(WithdrawSchema)
@blp.response(200, LetterSchema)
def withdraw(body: dict[str, Any], letter_id: UUID) -> ResponseReturnValue:
    """Take back a letter that is not in force."""
    with work() as scope:
        compare_row(scope, queries.get_readable_letter(scope, letter_id))
        letter: Letter = withdraw_letter(scope, letter_id=letter_id, reason=body["reason"])
        return tagged(letter, letter.version)
