"""What a document's own page shows of the requirements that rest on it: through the programme they were issued under."""

from sqlalchemy import select

from duban.access import checks as access
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.programmes.beside import Line, Panel, register
from duban.programmes.models import Document, Programme
from duban.reporting.models import Requirement
from duban.reporting.states import RequirementState

MOST = 50


def panel(scope: Scope, document: Document) -> Panel | None:
    """Give the requirements the actor may read whose programme rests on a document; None without any. Costs: one query."""
    under = select(Programme.id).where(Programme.tenant_id == scope.tenant_id, Programme.document_id == document.id)
    statement = owned(scope, Requirement).where(
        Requirement.programme_id.in_(under),
        Requirement.state != RequirementState.DRAFT,
        access.readable(scope, Requirement, "requirement"),
    )
    rows = scope.session.scalars(statement.order_by(Requirement.id.desc()).limit(MOST)).all()
    lines = [
        Line(
            row.title,
            "reporting.show_requirement",
            {"requirement_id": row.id},
            row.recipient,
            (N_("已撤销"), "ban", "off") if row.withdrawn_at else None,
        )
        for row in rows
    ]
    return Panel(heading=N_("据此下达的报送要求"), lines=lines) if lines else None


def show_on_documents() -> None:
    """Have the panel shown on documents' pages."""
    register("reporting", panel)
