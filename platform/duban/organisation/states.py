"""The words of this feature that code and people share."""

from enum import StrEnum

from duban.kernel.text import N_


class Column(StrEnum):
    """The columns of a units file."""

    CODE = "code"
    NAME = "name"
    LEVEL = "level"
    PARENT = "parent_code"
    SHORT_NAME = "short_name"
    SECTOR = "sector"


class GroupPost(StrEnum):
    """A seat in a leading group (领导小组)."""

    CHAIR = "chair"
    DEPUTY = "deputy"
    MEMBER = "member"
    OFFICE_HEAD = "office_head"
    OFFICE_MEMBER = "office_member"


GROUP_POST_LABELS: dict[GroupPost, str] = {
    GroupPost.CHAIR: N_("组长"),
    GroupPost.DEPUTY: N_("副组长"),
    GroupPost.MEMBER: N_("成员"),
    GroupPost.OFFICE_HEAD: N_("办公室主任"),
    GroupPost.OFFICE_MEMBER: N_("办公室成员"),
}


class ChangeKind(StrEnum):
    """What can be done to units that stand in the tree."""

    MOVE = "move"
    MERGE = "merge"
    SPLIT = "split"
    CLOSE = "close"
    RENAME = "rename"


CHANGE_LABELS: dict[ChangeKind, str] = {
    ChangeKind.MOVE: N_("划转"),
    ChangeKind.MERGE: N_("合并"),
    ChangeKind.SPLIT: N_("拆分"),
    ChangeKind.CLOSE: N_("撤销"),
    ChangeKind.RENAME: N_("改名"),
}


class ChangeState(StrEnum):
    """Where a decided change stands; REFUSED: on its day the tree no longer allowed it."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"


CHANGE_STATE_LOOKS: dict[ChangeState, tuple[str, str, str]] = {
    ChangeState.PLANNED: (N_("到期执行"), "clock", "todo"),
    ChangeState.DONE: (N_("已执行"), "circle-check", "done"),
    ChangeState.CANCELLED: (N_("已取消"), "ban", "off"),
    ChangeState.REFUSED: (N_("未能执行"), "alert-triangle", "late"),
}
"""Word, icon and tone."""

COLUMN_LABELS: dict[Column, str] = {
    Column.CODE: N_("单位代码"),
    Column.NAME: N_("单位名称"),
    Column.LEVEL: N_("级别"),
    Column.PARENT: N_("上级单位代码"),
    Column.SHORT_NAME: N_("简称"),
    Column.SECTOR: N_("行业"),
}

REQUIRED_COLUMNS = (Column.CODE, Column.NAME, Column.LEVEL, Column.PARENT)

COLUMN_NAMES: dict[str, Column] = {
    "code": Column.CODE,
    "代码": Column.CODE,
    "单位代码": Column.CODE,
    "编码": Column.CODE,
    "行政区划代码": Column.CODE,
    "区划代码": Column.CODE,
    "统计用区划代码": Column.CODE,
    "name": Column.NAME,
    "名称": Column.NAME,
    "单位名称": Column.NAME,
    "level": Column.LEVEL,
    "级别": Column.LEVEL,
    "层级": Column.LEVEL,
    "单位级别": Column.LEVEL,
    "parent_code": Column.PARENT,
    "parent": Column.PARENT,
    "上级代码": Column.PARENT,
    "上级单位代码": Column.PARENT,
    "上级单位": Column.PARENT,
    "short_name": Column.SHORT_NAME,
    "简称": Column.SHORT_NAME,
    "单位简称": Column.SHORT_NAME,
    "sector": Column.SECTOR,
    "行业": Column.SECTOR,
    "所属行业": Column.SECTOR,
}
"""Headings as files have them, lower-case, to the column meant."""


class NumberOf(StrEnum):
    """Whose telephone number."""

    PERSON = "person"
    CONTACT = "contact"
    SEAT = "seat"
