"""What can be wrong with a typed value, in words a clerk can act on."""

from dataclasses import dataclass

from duban.kernel.text import N_, Text


@dataclass(frozen=True)
class Problem(Text):
    """One refusal of one value: a text, so it can go into `InvalidInputError(fields=...)` as it is."""


MISSING = Problem(N_("请填写此项"))
NOT_TEXT = Problem(N_("此项只接受文字"))
BROKEN_CHARACTERS = Problem(N_("含有无法保存的字符，请删除后重新输入"))
HIDDEN_DIRECTION = Problem(N_("含有改变文字方向的隐藏字符，请删除后重新输入"))
ONE_LINE = Problem(N_("此项只能填写一行"))
NOT_A_NUMBER = Problem(N_("请填写数字，例如 1200 或 1,200"))
WORDS_AFTER = Problem(N_("数字后面只能写本项的单位，请去掉多余的字"))
NOT_WHOLE = Problem(N_("请填写整数"))
NO_EXPONENT = Problem(N_("请直接写出数字，不要用科学记数法"))
WRONG_COMMAS = Problem(N_("千分位逗号的位置不对，请检查，例如 1,234,567"))
NUMBER_TOO_LONG = Problem(N_("数字太大，请检查是否多写了位数"))
NOT_A_DATE = Problem(N_("请填写日期，例如 2026-06-28 或 2026年6月28日"))
NO_SUCH_DAY = Problem(N_("没有这一天，请检查月和日"))
YEAR_OUT_OF_RANGE = Problem(N_("年份应在 1900 至 2200 之间"))
NOT_AN_OPTION = Problem(N_("请从给出的选项中选择"))
NOT_YES_OR_NO = Problem(N_("请选择“是”或“否”"))
NOT_EXACT = Problem(N_("此项要填确切的数，不能写“超过”“约”等"))
MUST_APPLY = Problem(N_("此项不能填“不适用”，请填写"))
IS_COMPUTED = Problem(N_("此项由系统计算，不用填写"))
NOT_A_FILE = Problem(N_("附件没有上传成功，请重新上传"))
NOT_ROWS = Problem(N_("请按行填写表格"))
UNKNOWN_FIELD = Problem(N_("表单中没有这一项"))


def too_long(limit: int, length: int) -> Problem:
    """Say by how much a text exceeds its limit. Units: characters."""
    return Problem(N_("最多 %(limit)s 个字，现在有 %(length)s 个"), {"limit": limit, "length": length})


def too_many_places(places: int) -> Problem:
    """Say how many decimal places are allowed."""
    return Problem(N_("最多保留 %(places)s 位小数"), {"places": places})


def below(minimum: object) -> Problem:
    """Say the smallest number allowed."""
    return Problem(N_("不能小于 %(minimum)s"), {"minimum": minimum})


def above(maximum: object) -> Problem:
    """Say the largest number allowed."""
    return Problem(N_("不能大于 %(maximum)s"), {"maximum": maximum})


def before(earliest: object) -> Problem:
    """Say the earliest day allowed."""
    return Problem(N_("不能早于 %(earliest)s"), {"earliest": earliest})


def after(latest: object) -> Problem:
    """Say the latest day allowed."""
    return Problem(N_("不能晚于 %(latest)s"), {"latest": latest})


def too_few_rows(least: int, count: int) -> Problem:
    """Say how many rows are needed."""
    return Problem(N_("至少填写 %(least)s 行，现在有 %(count)s 行"), {"least": least, "count": count})


def too_many_rows(most: int, count: int) -> Problem:
    """Say how many rows are allowed."""
    return Problem(N_("最多填写 %(most)s 行，现在有 %(count)s 行"), {"most": most, "count": count})


def too_few_files(least: int, count: int) -> Problem:
    """Say how many files are needed."""
    return Problem(N_("至少上传 %(least)s 个附件，现在有 %(count)s 个"), {"least": least, "count": count})


def too_many_files(most: int, count: int) -> Problem:
    """Say how many files are allowed."""
    return Problem(N_("最多上传 %(most)s 个附件，现在有 %(count)s 个"), {"most": most, "count": count})


def in_row(row: int, column: str, problem: Problem) -> Problem:
    """Say which cell of a table is wrong. Units: `row` from 1."""
    return Problem(N_("第 %(row)s 行“%(column)s”：%(problem)s"), {"row": row, "column": column, "problem": problem})
