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

# System, security and audit administrator and those who do the work are different people (separation of duties).
APART = (".admin", ".security", ".auditor")
