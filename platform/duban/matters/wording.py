"""The words of a matter's history."""

from duban.kernel.text import N_

STEPS: dict[str, str] = {
    "registered": N_("立项交办"),
    "reassigned": N_("改派"),
    "withdrawn": N_("撤销"),
    "urged": N_("催办"),
    "signed": N_("签收"),
    "reported": N_("报告进展"),
    "shared": N_("报告协办情况"),
    "finished": N_("报告办结"),
    "disputed": N_("提出争议"),
    "settled": N_("协调争议"),
    "returned": N_("退回补办"),
    "closed": N_("审核办结"),
    "filed": N_("归档"),
    "reopened": N_("重新办理"),
    "extension-asked": N_("申请延期"),
    "extension-passed-on": N_("延期初审同意"),
    "extension-granted": N_("批准延期"),
    "extension-refused": N_("不同意延期"),
    "extension-lapsed": N_("延期申请失效"),
    "sheet-blue": N_("发出蓝单"),
    "sheet-yellow": N_("发出黄单"),
    "sheet-orange": N_("发出橙单"),
    "sheet-red": N_("发出红单"),
    "circular-drafted": N_("生成通报稿"),
    "circular-issued": N_("印发通报"),
    "report-missed": N_("未按时报告进展"),
}
"""Every word MatterStep.what may be."""

LOOKS: dict[str, str] = {
    "registered": "todo",
    "returned": "warn",
    "disputed": "warn",
    "reopened": "warn",
    "closed": "done",
    "sheet-yellow": "warn",
    "sheet-orange": "warn",
    "sheet-red": "late",
    "circular-issued": "late",
    "report-missed": "late",
    "extension-refused": "warn",
    "extension-granted": "done",
}
"""Tone of the time line, where it is not neutral."""
