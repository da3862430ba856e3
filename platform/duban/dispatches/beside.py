"""What a document's own page shows of its way: how it came, where it was sent, the button to forward it."""

from uuid import UUID

from duban.access.checks import may_somewhere
from duban.dispatches.leave import own_receipts, way_of
from duban.dispatches.presenting import marks_of, sent_lines
from duban.dispatches.queries import sent_of
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.programmes.beside import Line, Panel, register
from duban.programmes.models import Document


def panel(scope: Scope, document: Document) -> Panel:
    """Give what the actor's own units received and sent of a document. Costs: four queries, one more per receipt."""
    values = {"document_id": UUID(str(document.id))}
    lines = []
    for receipt in own_receipts(scope, [document.id]):
        way = way_of(scope, receipt.trail)
        said = Text(N_("%(unit)s发来 · %(number)s"), {"unit": way[-1].unit_name, "number": way[-1].number})
        if not way[-1].number:
            said = Text(N_("%(unit)s发来"), {"unit": way[-1].unit_name})
        word = marks_of(receipt, scope)[-1]
        lines.append(Line(N_("收文"), "dispatches.show_receipt", {"receipt_id": receipt.id}, said, word))
    for line in sent_lines(scope, sent_of(scope, document.id)):
        count = line.count
        said = Text(N_("已签收 %(signed)s / %(sent)s 个单位"), {"signed": count.signed, "sent": count.sent})
        ended = (N_("已撤回"), "ban", "off") if line.dispatch.ended_at else None
        title = line.dispatch.number or N_("发文")
        lines.append(Line(title, "dispatches.show_sent", {"dispatch_id": line.dispatch.id}, said, ended))
    sends = may_somewhere(scope, "dispatch", "send")
    return Panel(
        heading=N_("收发情况"),
        lines=lines,
        empty=N_("这份文件还没有在系统中收发。"),
        button=(N_("转发给下级"), "dispatches.forward", values) if sends else None,
        links=((N_("文件链（可打印）"), "dispatches.chain", values),),
    )


def show_on_documents() -> None:
    """Have the panel shown on documents' pages."""
    register("dispatches", panel)
