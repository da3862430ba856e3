"""Masks, and the list of roles that see numbers whole: every role of every kind."""

from pathlib import Path

import pytest
import yaml

from duban.organisation.rules.masking import kept_email, kept_phone, mask_email, mask_phone
from duban.tenancy.kinds import load_all

KINDS = load_all()
CLASSES = {
    role: name
    for name, roles in yaml.safe_load((Path(__file__).parents[2] / "matrix" / "classes.yaml").read_text()).items()
    for role in roles
}
# The kind `province` stands in no stage of the matrix; its roles are those of a county, level by level.
CLASSES |= {
    f"province.{role}": CLASSES[f"county.{role}"] for role in ("officer", "leader", "evaluator", "admin", "security", "auditor")
}
CLASSES |= {
    f"province_{level}.{role}": CLASSES[f"township.{role}"]
    for level in ("city", "county", "township")
    for role in ("officer", "leader")
}
CLASSES |= {f"province_village.{role}": CLASSES[f"village.{role}"] for role in ("clerk", "leader")}
_MEMBER = {("own", "reveal"), ("ancestors", "reveal")}
_SUPERIOR = _MEMBER | {("below", "reveal")}
_OFFICER = _SUPERIOR | {("own", "read"), ("below", "read")}
_LINE = _MEMBER | {("line_below", "reveal")}
# What each class of roles may do with numbers, and of whom: all there is.
LIST = {
    "top-officer": _OFFICER, "mid-officer": _OFFICER, "top-leader": _SUPERIOR, "mid-leader": _SUPERIOR, "evaluator": _SUPERIOR,
    "clerk": _MEMBER | {("own", "read")}, "head": _MEMBER, "admin": {("subtree", "read")}, "security": {("subtree", "reveal")},
    "auditor": set(), "line-officer": _LINE | {("own", "read"), ("line_below", "read")}, "line-head": _LINE,
}  # fmt: skip


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86****5678"),
        ("0731-85123456", "073****3456"),
        ("85123456", "****56"),
        ("12345", "****"),
        ("", ""),
    ],
)
def test_a_number_is_recognised_and_not_called(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
    assert kept_phone(masked, phone) == phone
    assert kept_phone("13900001111", phone) == "13900001111"
    assert kept_phone("", "13812345678") == ""


def test_an_address_keeps_its_host() -> None:
    assert mask_email("wang@example.cn") == "w***@example.cn"
    assert mask_email("") == ""
    assert kept_email("w***@example.cn", "wang@example.cn") == "wang@example.cn"
    assert kept_email("new@example.cn", "wang@example.cn") == "new@example.cn"


def test_every_role_of_every_kind_is_on_the_list_or_not() -> None:
    cells = 0
    for kind in KINDS.values():
        for role in kind.roles:
            if role.is_grantable:
                lines = {(p.scope, p.act) for p in kind.policy.permissions_of(role.code) if p.obj == "phone"}
                assert lines == LIST[CLASSES[role.code]], role.code
                cells += len(lines) or 1
    print(f"{cells} cells of {sum(role.is_grantable for kind in KINDS.values() for role in kind.roles)} roles")


def test_who_changes_a_number_sees_it() -> None:
    """Nobody is to type over a mask: whoever may change a number somewhere may read it there."""
    checked = 0
    for kind in KINDS.values():
        for role in kind.roles:
            lines = kind.policy.permissions_of(role.code)
            reads = {p.scope for p in lines if (p.obj, p.act) == ("phone", "read")}
            writes = {p.scope for p in lines if (p.obj, p.act) in {("person", "manage"), ("submission", "write")}}
            assert writes <= reads, role.code
            checked += len(writes)
    assert checked > 10
