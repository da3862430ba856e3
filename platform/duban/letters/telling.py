"""Who is told what about letters, in the same transaction as the act."""

from collections.abc import Sequence

from duban.access.checks import holders
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.letters.models import Letter
from duban.letters.states import LetterState, Side
from duban.notifications.operations import tell


def tell_issued(scope: Scope, *, letters: Sequence[Letter]) -> None:
    """Tell each unit's leader of its letter, and the superior's leader once of all. Costs: two queries per letter."""
    for letter in letters:
        tell(
            scope,
            recipients=holders(scope, "letter", "sign", letter.to_path or ""),
            template=N_("%(upper)s下达了 %(year)s 年度安全生产目标管理责任书（%(number)s），请您签字。"),
            params={"upper": letter.upper_name, "year": letter.year, "number": letter.number},
            subject_kind="letter",
            subject_id=letter.id,
            link=f"/letters/{letter.id}/sign",
        )
    first = letters[0]
    tell(
        scope,
        recipients=holders(scope, "letter", "sign", first.path),
        template=N_("%(year)s 年度安全生产目标管理责任书已下达 %(count)s 份，请您签字。"),
        params={"year": first.year, "count": len(letters)},
        subject_kind="unit",
        subject_id=first.upper_id,
        link="/letters/to-sign",
    )


def tell_signed(scope: Scope, *, letter: Letter, side: Side, name: str) -> None:
    """Tell the other leader that it is their turn, or the superior's officers that the letter is in force."""
    if letter.state is LetterState.IN_FORCE:
        recipients = holders(scope, "letter", "issue", letter.path)
        template = N_("%(lower)s的责任书（%(number)s）双方已签字，现已生效。")
        link = f"/letters/{letter.id}"
    else:
        recipients = holders(scope, "letter", "sign", letter.path if side is Side.LOWER else letter.to_path or "")
        template = N_("%(name)s已签 %(lower)s的责任书（%(number)s），请您签字。")
        link = f"/letters/{letter.id}/sign"
    tell(
        scope,
        recipients=recipients,
        template=template,
        params={"lower": letter.lower_name, "number": letter.number, "name": name},
        subject_kind="letter",
        subject_id=letter.id,
        link=link,
    )
