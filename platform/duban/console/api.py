"""The operator's door for programs: the same acts as the pages. A tenant's tokens open nothing here, nor an operator's there."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import g
from flask.typing import ResponseReturnValue

from duban.console import divisions, schemas
from duban.console.desk import Desk, Hand
from duban.console.door import BEARER, desk, reading, try_sign_in
from duban.console.models import OperatorAct, OperatorOrder
from duban.console.once import done_once, first_password, pressing, shown_again
from duban.console.operations import accounts, orders, tenants
from duban.console.operations.founding import NewTenant, found
from duban.console.queries import get_order, get_tenant, list_orders, list_tenants
from duban.kernel.errors import AnticipatedError, InvalidInputError
from duban.kernel.text import N_, Text
from duban.tenancy.kinds import load_all
from duban.web.api import ETAG, ApiBlueprint, expected_version, tagged
from duban.web.requests import runtime

session_blp = ApiBlueprint(
    "operator-session",
    __name__,
    url_prefix="/api/v1/operator/session",
    description="Operators signing in and out",
    takes_keys=False,
)
blp = ApiBlueprint(
    "operator",
    __name__,
    url_prefix="/api/v1/operator",
    description="The service's operator: tenants, quotas, suspension, exports, deletion.",
)
LARGEST_FILE_BYTES = 5 * 1024 * 1024
_CHECKED = "the state it begins from is checked under a lock; nothing is overwritten"


@session_blp.post("/")
@session_blp.doc(security=[])
@session_blp.arguments(schemas.OperatorSignInSchema)
@session_blp.response(201, schemas.OperatorTokenSchema)
def start(data: dict[str, Any]) -> ResponseReturnValue:
    """Sign in with both factors; an operator without a second factor sets it up on the pages first."""
    outcome = try_sign_in(data["login"], data["password"], data["code"])
    if isinstance(outcome, AnticipatedError):
        raise outcome
    return {"token": f"{BEARER}{outcome}"}, 201


@session_blp.delete("/")
@session_blp.unconditional("ends only the session that asks")
@session_blp.response(204)
def end() -> None:
    """Sign out."""
    with desk() as open_desk:
        accounts.sign_out(open_desk, session_id=g.operator.session_id)


@blp.get("/tenants/")
@blp.arguments(schemas.TenantArgs, location="query")
@blp.response(200, schemas.TenantListSchema)
def list_all(args: dict[str, Any]) -> dict[str, object]:
    """List tenants with what they use."""
    with reading() as session:
        items, following = list_tenants(session, words=args["q"], after=args["after"], limit=args["limit"])
    return {"items": items, "next": following}


@blp.post("/tenants/")
@blp.shown_once
@blp.arguments(schemas.NewTenantSchema)
@blp.response(201, schemas.MadeTenantSchema)
def create(data: dict[str, Any]) -> ResponseReturnValue:
    """Make a tenant from a kind, with its units and first administrator."""
    root_code, root_name, units = data["root_code"], data["root_name"], _file(data["units"])
    if data["division"]:
        root = divisions.root_of(data["kind"], data["division"]) if divisions.is_installed() else None
        if root is None:
            raise InvalidInputError(
                fields={"division": [Text(N_("请选择与类型相符的行政区划：县级类型选县区，街道类型选街道。"))]}
            )
        root_code, root_name, units = root.full_code, root_name or root.name, divisions.units_file(data["kind"], root)
    new = NewTenant(
        **{name: data[name] for name in ("kind", "slug", "time_zone", "admin_login", "admin_name", "people_limit")},
        name=data["name"] or root_name,
        root_code=root_code,
        root_name=root_name,
        units=units,
        storage_limit_bytes=data["storage_limit_bytes"],
        files_limit=data["files_limit"],
    )
    return done_once(lambda who: _make(new, who), _made_again), 201


def _make(new: NewTenant, who: Hand) -> dict[str, object]:
    now = runtime().clock.now()
    made = found(runtime().engine, new=new, kinds=load_all(), now=now, hand=who, first_password=first_password(who))
    return {
        "id": made.tenant.id,
        "slug": made.tenant.slug,
        "units": dict(made.units),
        "admin_login": made.slip.login,
        "one_time_password": made.slip.password,
    }


def _made_again(done: OperatorAct) -> dict[str, object]:
    said = {name: done.details[name] for name in ("slug", "units", "admin_login")}
    return said | {"id": done.subject_id, "one_time_password": shown_again(done, pressing())}


def _file(sent: str) -> bytes:
    try:
        content = b64decode(sent, validate=True)
    except (Base64Error, ValueError) as error:
        raise InvalidInputError(fields={"units": [Text(N_("应为 base64 编码的文件内容。"))]}) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise InvalidInputError(fields={"units": [Text(N_("请选择一个单位文件，最大 5 MB。"))]})
    return content


@blp.get("/tenants/<uuid:tenant_id>")
@blp.response(200, schemas.TenantSchema, headers=ETAG)
def show(tenant_id: UUID) -> ResponseReturnValue:
    """Give one tenant; its ETag is the version of its quota."""
    with reading() as session:
        tenant = get_tenant(session, tenant_id)
    return tagged(tenant, tenant.quota_version)


@blp.put("/tenants/<uuid:tenant_id>/quota")
@blp.arguments(schemas.QuotaSchema)
@blp.response(200, schemas.TenantSchema, headers=ETAG)
def set_quota(data: dict[str, Any], tenant_id: UUID) -> ResponseReturnValue:
    """Set how much a tenant may have."""
    with desk() as open_desk:
        tenants.set_quota(open_desk, tenant_id=tenant_id, expected=expected_version(), **data)
    return show(tenant_id)


@blp.post("/tenants/<uuid:tenant_id>/suspension")
@blp.unconditional(_CHECKED)
@blp.arguments(schemas.SuspensionSchema)
@blp.response(204)
def suspend(data: dict[str, Any], tenant_id: UUID) -> None:
    """Close a tenant for everybody from their next request on."""

    def act(who: Hand) -> None:
        with desk(who) as open_desk:
            tenants.suspend(open_desk, tenant_id=tenant_id, reason=data["reason"])

    done_once(act, lambda _: None)


@blp.delete("/tenants/<uuid:tenant_id>/suspension")
@blp.unconditional(_CHECKED)
@blp.response(204)
def resume(tenant_id: UUID) -> None:
    """Open a suspended tenant again."""
    with desk() as open_desk:
        tenants.resume(open_desk, tenant_id=tenant_id)


@blp.get("/orders/")
@blp.response(200, schemas.OrderListSchema)
def list_all_orders() -> dict[str, object]:
    """List the newest exports, imports and deletions."""
    with reading() as session:
        return {"items": [_order(one) for one in list_orders(session)]}


@blp.get("/orders/<uuid:order_id>")
@blp.response(200, schemas.OrderSchema)
def show_order(order_id: UUID) -> dict[str, object]:
    """Give one order with how far it is."""
    return _order_now(order_id)


def _order_now(order_id: UUID) -> dict[str, object]:
    with reading() as session:
        return _order(get_order(session, order_id))


def _order(order: OperatorOrder) -> dict[str, object]:
    return {name: getattr(order, name) for name in schemas.OrderSchema().fields}


@blp.post("/tenants/<uuid:tenant_id>/exports")
@blp.unconditional(_CHECKED)
@blp.response(201, schemas.OrderSchema)
def export(tenant_id: UUID) -> ResponseReturnValue:
    """Order an export into the server's data folder: it begins when another operator confirms it."""
    return _ordered_once(lambda at: orders.order_export(at, tenant_id=tenant_id)), 201


def _ordered_once(act: Callable[[Desk], OperatorOrder]) -> dict[str, object]:
    """Give an order, or where the one stands by now that was given under the same key."""

    def give(who: Hand) -> dict[str, object]:
        with desk(who) as open_desk:
            return _order(act(open_desk))

    return done_once(give, lambda done: _order_now(UUID(done.details["order"])))


@blp.post("/imports/")
@blp.arguments(schemas.NewImportSchema)
@blp.response(201, schemas.OrderSchema)
def bring(data: dict[str, Any]) -> ResponseReturnValue:
    """Order the import of an archive; the tenant comes back suspended."""
    return _ordered_once(lambda at: orders.order_import(at, **data)), 201


@blp.post("/tenants/<uuid:tenant_id>/deletion")
@blp.unconditional(_CHECKED)
@blp.arguments(schemas.TypedSlugSchema)
@blp.response(201, schemas.OrderSchema)
def delete(data: dict[str, Any], tenant_id: UUID) -> ResponseReturnValue:
    """Order a suspended tenant's deletion: it begins when another operator confirms it, or after the cooling-off period."""
    return _ordered_once(lambda at: orders.order_deletion(at, tenant_id=tenant_id, typed_slug=data["slug"])), 201


@blp.post("/orders/<uuid:order_id>/confirmation")
@blp.unconditional(_CHECKED)
@blp.arguments(schemas.SecondHandSchema)
@blp.response(200, schemas.OrderSchema)
def confirm(data: dict[str, Any], order_id: UUID) -> dict[str, object]:
    """Be the second hand of an export or a deletion; for a deletion the tenant's code is typed again."""
    return _ordered_once(lambda at: orders.confirm_order(at, order_id=order_id, typed_slug=data["slug"]))


@blp.delete("/orders/<uuid:order_id>")
@blp.unconditional(_CHECKED)
@blp.response(204)
def cancel(order_id: UUID) -> None:
    """Take back what has not begun."""
    with desk() as open_desk:
        orders.cancel_order(open_desk, order_id=order_id)
