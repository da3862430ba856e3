"""What the kinds of fields, operators and checks are called."""

from duban.fields.shapes import Kind, Operator
from duban.kernel.text import N_

KIND_LABELS: dict[Kind, str] = {
    Kind.TEXT: N_("一行文字"),
    Kind.LONG_TEXT: N_("多行文字"),
    Kind.INTEGER: N_("整数"),
    Kind.DECIMAL: N_("小数"),
    Kind.MONEY: N_("金额"),
    Kind.DATE: N_("日期"),
    Kind.CHOICE: N_("单选"),
    Kind.MULTI_CHOICE: N_("多选"),
    Kind.YES_NO: N_("是或否"),
    Kind.TABLE: N_("表格"),
    Kind.ATTACHMENT: N_("附件"),
    Kind.COMPUTED: N_("自动计算"),
}
OPERATOR_LABELS: dict[Operator, str] = {
    Operator.SUM: N_("合计"),
    Operator.MEAN: N_("平均"),
    Operator.WEIGHTED_MEAN: N_("加权平均"),
    Operator.MIN: N_("最小"),
    Operator.MAX: N_("最大"),
    Operator.LAST: N_("最近一次"),
    Operator.RATIO: N_("两项合计之比"),
    Operator.COUNT: N_("计数"),
}
CHECK_LABELS: dict[str, str] = {
    "breakdown": N_("分项合计等于总数"),
    "compare": N_("两项比较"),
    "required_if": N_("有条件必填"),
}
