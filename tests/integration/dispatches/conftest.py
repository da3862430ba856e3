"""Documents on their way down the cast's county, ready for a test to go on from."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from duban.dispatches.audience import Audience
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.operations.sending import Sending, send
from duban.dispatches.states import To
from duban.kernel.scope import owned
from duban.programmes.forms import DocumentForm
from duban.programmes.operations.documents import register_document
from tests.cast import World
from tests.integration.access.lined import line_up

Send = Callable[..., UUID]


@pytest.fixture
def lined(world: World) -> World:
    """The cast's county with three enterprises, two of them in a department's sector line."""
    return line_up(world)


@pytest.fixture
def document_of(world: World) -> Callable[..., UUID]:
    def register(who: str = "cora", unit: str = "C", *, closed: bool = True, title: str = "实施意见", **known: Any) -> UUID:
        form = DocumentForm(**({"title": title, "issuer": "县政府办", "number": ""} | known))
        with world.as_(who) as scope:
            return register_document(scope, unit_id=world.units[unit], form=form, original_text="正文", addressed_only=closed).id

    return register


@pytest.fixture
def send_to(world: World) -> Send:
    def forward(
        document_id: UUID,
        who: str,
        unit: str,
        *to: str,
        at: Any = None,
        replaces_id: UUID | None = None,
        **said: Any,
    ) -> UUID:
        audience = Audience(To.UNITS, unit_ids=[world.units[one] for one in to]) if to else Audience()
        with world.as_(who, at=at) as scope:
            sending = Sending(audience=audience, **said)
            return send(scope, document_id=document_id, unit_id=world.units[unit], sending=sending, replaces_id=replaces_id).id

    return forward


def receipt_of(world: World, dispatch_id: UUID, unit: str) -> Receipt:
    """A unit's receipt of a dispatch, whoever may see it."""
    with world.as_system() as scope:
        statement = owned(scope, Receipt).where(Receipt.dispatch_id == dispatch_id, Receipt.unit_id == world.units[unit])
        return scope.session.scalars(statement).one()


def dispatch_at(world: World, dispatch_id: UUID) -> Dispatch:
    """A dispatch, whoever may see it."""
    with world.as_system() as scope:
        return scope.session.scalars(owned(scope, Dispatch).where(Dispatch.id == dispatch_id)).one()


LATER = date(2026, 3, 31)
