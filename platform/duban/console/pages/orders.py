"""Long work as pages: ordering exports, imports and deletions, and watching them."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.console.door import desk, reading
from duban.console.operations import orders as operations
from duban.console.pages.forms import said
from duban.console.queries import get_order, list_archives, list_certificates, list_orders
from duban.console.states import COOLING_OFF
from duban.console.steward import exports_folder
from duban.kernel.text import N_, Text
from duban.web.requests import runtime


def index() -> ResponseReturnValue:
    """List what was ordered, the archives there are, and what remains of deleted tenants."""
    folder = exports_folder(runtime().settings)
    with reading() as session:
        return render_template(
            "console/orders.html",
            orders=list_orders(session),
            archives=list_archives(folder),
            certificates=list_certificates(session),
            folder=folder,
        )


def progress(order_id: UUID) -> ResponseReturnValue:
    """Answer the page that watches an order."""
    with reading() as session:
        return render_template("console/order_line.html", order=get_order(session, order_id))


def export(tenant_id: UUID) -> ResponseReturnValue:
    """Order a tenant's export."""

    def act() -> None:
        with desk() as open_desk:
            operations.order_export(open_desk, tenant_id=tenant_id)

    said(act, Text(N_("已下达导出：另一名运维人员确认后执行，归档在服务器的数据文件夹中。")))
    return redirect(url_for("console.tenant", tenant_id=tenant_id))


def bring() -> ResponseReturnValue:
    """Order the import of an archive that lies in the folder."""

    def act() -> None:
        with desk() as open_desk:
            operations.order_import(
                open_desk, archive=request.form.get("archive", "").strip(), slug=request.form.get("slug", "").replace("\x00", "")
            )

    said(act, Text(N_("已下达导入；导入的租户先处于暂停状态，核对后再恢复使用。")))
    return redirect(url_for("console.orders"))


def delete(tenant_id: UUID) -> ResponseReturnValue:
    """Order a tenant's deletion; the code is typed to make sure which one is meant."""

    def act() -> None:
        with desk() as open_desk:
            operations.order_deletion(open_desk, tenant_id=tenant_id, typed_slug=request.form.get("slug", ""))

    said(
        act,
        Text(
            N_("已申请删除：另一名运维人员确认后立即执行，否则 %(days)s 天后执行；在此之前可以取消。"), {"days": COOLING_OFF.days}
        ),
    )
    return redirect(url_for("console.tenant", tenant_id=tenant_id))


def confirm(order_id: UUID) -> ResponseReturnValue:
    """Be the second hand of an export or a deletion."""

    def act() -> None:
        with desk() as open_desk:
            operations.confirm_order(open_desk, order_id=order_id, typed_slug=request.form.get("slug", ""))

    said(act, Text(N_("已确认，即将执行。")))
    return redirect(url_for("console.orders"))


def cancel(order_id: UUID) -> ResponseReturnValue:
    """Take back what has not begun."""

    def act() -> None:
        with desk() as open_desk:
            operations.cancel_order(open_desk, order_id=order_id)

    said(act, Text(N_("任务已取消。")))
    return redirect(url_for("console.orders"))
