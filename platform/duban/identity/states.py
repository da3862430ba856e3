"""Words of this feature that code and people share."""

from duban.kernel.text import N_

SCOPE_LABELS: dict[str, str] = {
    "read": N_("只读：本人能看到的全部"),
    "full": N_("全部：本人能办的全部（不含须重新确认的事项）"),
    "organisation": N_("单位与人员"),
    "programmes": N_("文件与方案"),
    "targets": N_("目标"),
    "dispatches": N_("收发文"),
    "letters": N_("责任书"),
    "reporting": N_("报送"),
    "assessments": N_("考核"),
    "notifications": N_("消息"),
    "files": N_("附件"),
}

POLICY_LABELS: dict[str, str] = {
    "mlps3": N_("等保三级"),
    "asvs": N_("国际通行（ASVS）"),
}
POLICY_NOTES: dict[str, str] = {
    "mlps3": N_("至少 8 位、3 类字符，90 天更换，不得重复最近 5 次，90 天未用自动停用。"),
    "asvs": N_("至少 8 位（建议 15 位以上），不要求字符种类，不定期更换。"),
}
