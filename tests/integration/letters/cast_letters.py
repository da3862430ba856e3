"""What the letter tests need again and again: letters written, issued, signed."""

from collections.abc import Sequence
from uuid import UUID

from duban.letters import queries
from duban.letters.models import Letter
from duban.letters.operations.signing import sign_letter
from duban.letters.operations.writing import generate_letters, issue_letters
from tests.cast import PASSWORD, World
from tests.integration.targets.cast_targets import YEAR


def generate(world: World, *, who: str = "cora", at: str = "C") -> Sequence[Letter]:
    with world.as_(who) as scope:
        return generate_letters(scope, upper_id=world.units[at], year=YEAR)


def issue_all(world: World, *, who: str = "cora", at: str = "C") -> dict[str, UUID]:
    """Write and issue every letter of a superior; ids by the unit's key."""
    keys = {unit_id: key for key, unit_id in world.units.items()}
    letters = generate(world, who=who, at=at)
    with world.as_(who) as scope:
        issue_letters(scope, upper_id=world.units[at], letter_ids=[letter.id for letter in letters])
    return {keys[letter.lower_id]: letter.id for letter in letters}


def letter_of(world: World, letter_id: UUID, who: str = "cora") -> Letter:
    with world.as_(who) as scope:
        return queries.get_letter(scope, letter_id)


def sign(world: World, who: str, letter_id: UUID, *, password: str = PASSWORD, digest: str | None = None) -> None:
    shown = digest or letter_of(world, letter_id).digest
    with world.as_(who) as scope:
        sign_letter(scope, letter_id=letter_id, shown_digest=shown, password=password)
