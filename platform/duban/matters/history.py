"""Noting what happened to a matter: a numbered line in its own history, and the act in the record."""

from duban.access import checks as access
from duban.audit.operations import record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.matters.models import Matter, MatterStep
from duban.matters.queries.matters import pending_extension
from duban.matters.states import ExtensionState

LONGEST_WORDS = 2000


def note(scope: Scope, matter: Matter, what: str, act: str, words: str = "", **details: object) -> MatterStep:
    """
    Note a step. To be called with the matter locked, after leave was asked: its lock keeps the numbers without gaps.

    Takes: `what` of wording.STEPS, `act` of auditing.acts.
    """
    matter.steps += 1
    matter.version += 1
    record(scope, act, "matter", matter.id, matter.path, number=matter.number, **details)
    return scope.add(
        MatterStep(
            id=new_id(),
            matter_id=matter.id,
            number=matter.steps,
            at=scope.now,
            by=scope.actor.person_id,
            name=scope.actor.name,
            what=what,
            words=words[:LONGEST_WORDS],
            acting_for=access.giver_named(scope),
        )
    )


def lapse_extension(scope: Scope, matter: Matter, why: str) -> None:
    """
    End an extension that still waits, because the matter has moved on without it. Nobody refused it: it lapses.

    Takes: `why` marked for translation; it is kept as it is and translated where it is shown.
    """
    if not matter.has_pending:
        return
    matter.has_pending = False
    extension = pending_extension(scope, matter, lock=True)
    if extension is not None:
        extension.state, extension.decided_at, extension.decided_words = ExtensionState.LAPSED, scope.now, why
        note(scope, matter, "extension-lapsed", "matter.extension-lapsed", wanted_on=extension.wanted_on)
