"""The words of the policy, for people."""

from duban.kernel.text import N_

OBJECT_LABELS: dict[str, str] = {
    "unit": N_("单位"),
    "person": N_("人员"),
    "phone": N_("联系方式"),
    "document": N_("文件"),
    "programme": N_("方案"),
    "target": N_("目标指标"),
    "letter": N_("责任书"),
    "requirement": N_("报送要求"),
    "duty": N_("报送任务"),
    "submission": N_("报送内容"),
    "file": N_("附件"),
    "assessment": N_("考核"),
    "scorecard": N_("评分表"),
    "veto": N_("一票否决"),
    "audit": N_("审计记录"),
    "tenant": N_("本系统设置"),
    "grant": N_("授权"),
    "session": N_("会话"),
    "policy": N_("权限策略"),
}
ACT_LABELS: dict[str, str] = {
    "read": N_("查看"),
    "manage": N_("管理"),
    "reveal": N_("逐个显示"),
    "register": N_("登记"),
    "define": N_("设定"),
    "assign": N_("分解下达"),
    "accept": N_("签收"),
    "report": N_("填报进度"),
    "issue": N_("下达"),
    "sign": N_("签署"),
    "urge": N_("催办"),
    "change_due": N_("调整期限"),
    "write": N_("填报"),
    "review": N_("审核"),
    "self_score": N_("自评"),
    "score": N_("评分"),
    "decide": N_("核定"),
    "publish": N_("公布"),
    "propose": N_("提出"),
    "confirm": N_("确认"),
}
SCOPE_LABELS: dict[str, str] = {
    "own": N_("本单位"),
    "children": N_("直接下级"),
    "below": N_("所有下级"),
    "subtree": N_("本单位和所有下级"),
    "ancestors": N_("各级上级"),
    "issued_to_me": N_("发给本单位的"),
    "line_children": N_("直接下级在另一条线上的"),
    "line_below": N_("所有下级在另一条线上的"),
    "line_ancestors": N_("另一条线上的上级"),
}
RELATION_LABELS: dict[str, str] = {
    "self": N_("就是本单位"),
    "child": N_("是直接下级"),
    "deep": N_("是更下级"),
    "anc": N_("是上级"),
    "issued": N_("发给本单位"),
    "line_child": N_("是直接下级，但走另一条线"),
    "line_deep": N_("是更下级，但走另一条线"),
    "line_anc": N_("是另一条线上的上级"),
}
ROLE_FIELDS: dict[str, str] = {
    "name": N_("名称"),
    "levels": N_("可担任的层级"),
    "line": N_("所走的线"),
    "duty": N_("管理员职责"),
    "guarded": N_("重置密码须两人"),
    "note": N_("说明"),
}
DUTY_LABELS: dict[str, str] = {"system": N_("系统管理员"), "security": N_("安全管理员"), "audit": N_("审计管理员")}
