"""A county document and programme, made through the operations, ready for a test to go on from."""

from collections.abc import Callable
from uuid import UUID

import pytest

from duban.programmes.forms import DocumentForm, ProgrammeForm, TaskForm
from duban.programmes.operations import documents, drafting, issuing
from tests.cast import World

TEXT = "为深入贯彻落实《实施意见》(府办发[2011]68号)精神,现提出如下意见,。\n各村要在5月20日前报送方案"


@pytest.fixture
def document_of(world: World) -> Callable[..., UUID]:
    def register(
        who: str = "cora",
        unit: str = "C",
        *,
        number: str = "府办发〔2011〕68号",
        parent: UUID | None = None,
        title: str = "实施意见",
    ) -> UUID:
        form = DocumentForm(title=title, issuer="县政府办", number=number, parent_id=parent)
        with world.as_(who) as scope:
            return documents.register_document(scope, unit_id=world.units[unit], form=form, original_text=TEXT).id

    return register


@pytest.fixture
def draft_of(world: World, document_of: Callable[..., UUID]) -> Callable[..., UUID]:
    def draft(who: str = "cora", unit: str = "C", *, tasks: int = 3) -> UUID:
        document_id = document_of(who, unit, number="")
        with world.as_(who) as scope:
            form = ProgrammeForm(title="“安全生产年”活动方案", year=2011, goal="有效防范较大及以上事故")
            programme = drafting.open_programme(scope, unit_id=world.units[unit], document_id=document_id, form=form)
            for place in range(tasks):
                drafting.add_task(
                    scope, programme_id=programme.id, version=programme.version, form=TaskForm(title=f"任务{place + 1}")
                )
            return programme.id

    return draft


@pytest.fixture
def issued_by(world: World, draft_of: Callable[..., UUID]) -> Callable[..., UUID]:
    def issue(who: str = "cora", unit: str = "C", *, tasks: int = 3) -> UUID:
        programme_id = draft_of(who, unit, tasks=tasks)
        with world.as_(who) as scope:
            issuing.issue_programme(scope, programme_id=programme_id, version=tasks + 1)
        return programme_id

    return issue
