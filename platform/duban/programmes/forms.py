"""The forms of documents and programmes: what is asked, and the checked values that come out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from duban.fields.parsing import parse_form
from duban.fields.specs import FieldSpec, Kind
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text
from duban.programmes.rules import tags_from

MOST_TAGS = 12
_TEXT, _LONG = Kind.TEXT, Kind.LONG_TEXT

DOCUMENT = (
    FieldSpec(key="title", label=N_("标题"), kind=_TEXT, required=True),
    FieldSpec(key="number", label=N_("文号"), kind=_TEXT, max_length=80),
    FieldSpec(key="issuer", label=N_("发文机关"), kind=_TEXT, required=True, max_length=100),
    FieldSpec(key="issued_on", label=N_("成文日期"), kind=Kind.DATE),
    FieldSpec(key="parent_id", label=N_("上级文件（已登记）"), kind=_TEXT, max_length=36),
    FieldSpec(key="parent_reference", label=N_("上级文件（未登记）"), kind=_TEXT),
    FieldSpec(key="note", label=N_("备注"), kind=_LONG, max_length=2000),
)
ORIGINAL = FieldSpec(key="original_text", label=N_("原文"), kind=_LONG)
PROGRAMME = (
    FieldSpec(key="title", label=N_("方案名称"), kind=_TEXT, required=True),
    FieldSpec(key="year", label=N_("年度"), kind=Kind.INTEGER, required=True),
    FieldSpec(key="goal", label=N_("方案目标"), kind=_LONG, max_length=5000),
)
STAGE = (
    FieldSpec(key="name", label=N_("阶段名称"), kind=_TEXT, required=True, max_length=80),
    FieldSpec(key="wording", label=N_("时间（原文）"), kind=_TEXT, max_length=80),
    FieldSpec(key="start_on", label=N_("开始日期"), kind=Kind.DATE),
    FieldSpec(key="end_on", label=N_("结束日期"), kind=Kind.DATE),
)
GROUP = (FieldSpec(key="name", label=N_("分组名称"), kind=_TEXT, required=True, max_length=80),)
TASK = (
    FieldSpec(key="number", label=N_("编号"), kind=_TEXT, max_length=20),
    FieldSpec(key="title", label=N_("任务名称"), kind=_TEXT, required=True),
    FieldSpec(key="text", label=N_("具体要求"), kind=_LONG, max_length=5000),
    FieldSpec(key="group_id", label=N_("分组"), kind=_TEXT, max_length=36),
    FieldSpec(key="post", label=N_("责任岗位"), kind=_TEXT, max_length=100),
    FieldSpec(key="tags", label=N_("标签"), kind=_TEXT),
)
EARLIEST_YEAR, LATEST_YEAR = 1949, 2200


@dataclass(frozen=True)
class DocumentForm:
    """What is known of a document beside its original text."""

    title: str
    issuer: str
    number: str = ""
    issued_on: date | None = None
    parent_id: UUID | None = None
    parent_reference: str = ""
    note: str = ""


@dataclass(frozen=True)
class ProgrammeForm:
    """A programme's head."""

    title: str
    year: int
    goal: str = ""


@dataclass(frozen=True)
class StageForm:
    """A stage; empty days are read from the wording by the operation."""

    name: str
    wording: str = ""
    start_on: date | None = None
    end_on: date | None = None


@dataclass(frozen=True)
class TaskForm:
    """A task; an empty number means the next free one. The first of `unit_ids` leads."""

    title: str
    number: str = ""
    text: str = ""
    group_id: UUID | None = None
    post: str = ""
    tags: Sequence[str] = ()
    unit_ids: Sequence[UUID] = ()


def document_form(raw: Mapping[str, object]) -> DocumentForm:
    """Read the form of a document. Raises: InvalidInputError."""
    values = _values(DOCUMENT, raw)
    return DocumentForm(**values | {"parent_id": _identifier(values["parent_id"], "parent_id")})


def original_text(raw: object) -> str:
    """
    Give an original text exactly as sent, but for line ends.

    Raises: InvalidInputError where it cannot be stored or is too long.
    """
    text = raw if isinstance(raw, str) else ""
    _values((ORIGINAL,), {"original_text": text})
    return text.replace("\r\n", "\n")


def programme_form(raw: Mapping[str, object]) -> ProgrammeForm:
    """Read a programme's head. Raises: InvalidInputError."""
    form = ProgrammeForm(**_values(PROGRAMME, raw))
    if not EARLIEST_YEAR <= form.year <= LATEST_YEAR:
        raise InvalidInputError(fields={"year": [Text(N_("年度应在 1949 至 2200 之间"))]})
    return form


def stage_form(raw: Mapping[str, object]) -> StageForm:
    """Read a stage. Raises: InvalidInputError, also where it ends before it begins."""
    form = StageForm(**_values(STAGE, raw))
    if form.start_on and form.end_on and form.end_on < form.start_on:
        raise InvalidInputError(fields={"end_on": [Text(N_("结束日期不能早于开始日期"))]})
    return form


def group_name(raw: Mapping[str, object]) -> str:
    """Read a group's name. Raises: InvalidInputError."""
    return str(_values(GROUP, raw)["name"])


def task_form(raw: Mapping[str, object], *, unit_ids: Sequence[str]) -> TaskForm:
    """Read a task. Raises: InvalidInputError."""
    values = _values(TASK, raw)
    tags = tags_from(values["tags"])
    if len(tags) > MOST_TAGS:
        raise InvalidInputError(fields={"tags": [Text(N_("标签最多 %(limit)s 个"), {"limit": MOST_TAGS})]})
    units = list(dict.fromkeys(found for value in unit_ids if (found := _identifier(value, "unit_ids"))))
    return TaskForm(**values | {"tags": tags, "group_id": _identifier(values["group_id"], "group_id"), "unit_ids": units})


def identifiers(values: Sequence[str], field: str) -> list[UUID]:
    """Read identifiers as a form sends them, each once. Raises: InvalidInputError."""
    return list(dict.fromkeys(found for value in values if (found := _identifier(value, field))))


def _values(specs: Sequence[FieldSpec], raw: Mapping[str, object]) -> dict[str, Any]:
    """
    Parse the specs' keys, an empty text as "". Keys beside them are the caller's: token, version.

    Raises: InvalidInputError.
    """
    form = parse_form(specs, {spec.key: raw.get(spec.key) for spec in specs})
    if form.problems:
        raise InvalidInputError(fields={key: [problem] for key, problem in form.problems.items()})
    texts = {spec.key for spec in specs if spec.kind in {_TEXT, _LONG}}
    return {key: "" if value is None and key in texts else value for key, value in form.values.items()}


def _identifier(value: str, field: str) -> UUID | None:
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidInputError(fields={field: [Text(N_("请从给出的选项中选择"))]}) from error
