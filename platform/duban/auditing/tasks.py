"""What the clock does for auditors: tell them at once when the chain is broken."""

from datetime import timedelta

from duban.access.checks import holders
from duban.audit.tasks import EVERY, check, is_hurried
from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.notifications.operations import tell
from duban.tree.queries import root


def watch(scope: Scope) -> None:
    """Check the chain and anchor it; where it is broken tell the auditors, once per bad record."""
    found = check(scope)
    if found.bad_seq is None:
        return
    tell(
        scope,
        recipients=holders(scope, "audit", "read", root(scope).path),
        template=N_("审计记录第 %(n)s 条有问题，请立即查看并报告运维单位。"),
        params={"n": found.bad_seq},
        subject_kind="audit",
        subject_id=scope.tenant_id,
        stage=f"audit-broken-{found.bad_seq}",
        link="/audit",
    )


def hurry(scope: Scope) -> None:
    """Anchor with this round what careers hang on, instead of some minutes later."""
    if is_hurried(scope):
        watch(scope)


PERIODIC = (Periodic("auditing.watch", EVERY, watch), Periodic("auditing.hurry", timedelta(0), hurry))
