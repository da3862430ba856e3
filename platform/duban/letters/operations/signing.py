"""Signing: the leader of either unit, password asked again, for exactly the text that was shown."""

import hmac
from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from duban.access.checks import require
from duban.audit.operations import record
from duban.identity.operations import prove_presence
from duban.identity.passwords import Weighed
from duban.identity.queries import get_person
from duban.kernel.errors import NotAllowedError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.letters import queries
from duban.letters.errors import AlreadySignedError, LetterStateError, TamperedError, TextChangedError
from duban.letters.models import Letter, Signature
from duban.letters.rules.frozen import seal_of
from duban.letters.states import AFTER_SIGNATURE, STATE_LABELS, LetterState, Side
from duban.letters.telling import tell_signed


def sign_letter(
    scope: Scope,
    *,
    letter_id: UUID,
    shown_digest: str,
    password: str,
    keys: Sequence[str] = (),
    weighed: Weighed | None = None,
) -> Signature:
    """
    Sign a letter for the unit one leads; with the second signature it is in force.

    Takes:  `shown_digest` of the text the signer has read; `password` or a code of the second factor, asked for each signature:
            that one proved to be there some minutes ago is not enough to sign with. `keys` open the second factor;
            `weighed` is what was hashed of the password ahead of this work.
    Raises: NotFoundError, NotAllowedError for anybody who leads neither unit, AlreadySignedError, LetterStateError,
            TamperedError, TextChangedError, WrongPasswordError, WrongCodeError, LockedOutError.
    """
    letter = queries.get_letter(scope, letter_id, lock=True)
    require(scope, "letter", "sign", letter)
    side = queries.side_of_actor(scope, letter)
    if side is None:
        raise NotAllowedError(N_("只有责任书双方单位的负责人本人可以签字。"))
    after = _check_may_be_signed(scope, letter, side)
    if not queries.verify(scope, letter).is_intact:
        raise TamperedError(number=letter.number)
    if not hmac.compare_digest(shown_digest.encode(), letter.digest.encode()):
        raise TextChangedError
    prove_presence(scope, proof=password, keys=keys, weighed=weighed)
    signature = _put_down(scope, letter, side)
    letter.state, letter.version = after, letter.version + 1
    if after is LetterState.IN_FORCE:
        letter.in_force_at = scope.now
    record(
        scope,
        "letter.signed",
        "letter",
        letter.id,
        letter.path,
        number=letter.number,
        side=side,
        name=signature.name,
        post=signature.post,
        digest=letter.digest,
        seal=signature.seal,
    )
    tell_signed(scope, letter=letter, side=side, name=signature.name)
    return signature


def _check_may_be_signed(scope: Scope, letter: Letter, side: Side) -> LetterState:
    signed = queries.list_signatures(scope, letter_ids=[letter.id]).get(letter.id, {})
    if side in signed:
        raise AlreadySignedError(name=signed[side].name)
    after = AFTER_SIGNATURE.get((letter.state, side))
    if after is None:
        raise LetterStateError(number=letter.number, state=Text(STATE_LABELS[letter.state]))
    return after


def _put_down(scope: Scope, letter: Letter, side: Side) -> Signature:
    person = get_person(scope, scope.person_id)
    seal = seal_of(
        text_digest=letter.digest,
        side=side.value,
        person_id=str(person.id),
        name=person.name,
        post=person.post,
        signed_at=scope.now.astimezone(UTC).isoformat(),
    )
    return scope.add(
        Signature(
            id=new_id(),
            letter_id=letter.id,
            side=side,
            person_id=person.id,
            name=person.name,
            post=person.post,
            signed_at=scope.now,
            text_digest=letter.digest,
            seal=seal,
        )
    )
