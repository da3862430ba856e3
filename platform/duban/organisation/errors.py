"""What can go wrong with units, people and posts, and be put right by the person at work."""

from collections.abc import Sequence

from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.text import N_, Text


class UnitCodeTakenError(InvalidInputError):
    """Another unit has this code, perhaps a closed one."""

    code = "organisation.unit-code-taken"

    def __init__(self, code: str) -> None:
        text = Text(N_("代码 %(code)s 已被其他单位使用。"), {"code": code})
        super().__init__(N_("代码 %(code)s 已被其他单位使用。"), fields={"code": [text]}, code=code)


class LevelNotAllowedError(InvalidInputError):
    """A unit of this level may not stand under one of that level in this line."""

    code = "organisation.level-not-allowed"

    def __init__(self, *, level: str, parent: str) -> None:
        text = Text(N_("“%(level)s”不能设在“%(parent)s”之下。"), {"level": level, "parent": parent})
        super().__init__(text.template, fields={"level": [text]}, level=level, parent=parent)


class UnitClosedError(RuleBrokenError):
    """The unit no longer exists on the day meant."""

    code = "organisation.unit-closed"

    def __init__(self, name: str) -> None:
        super().__init__(N_("“%(name)s”已撤销，不能再办理。"), name=name)


class ChangeRefusedError(RuleBrokenError):
    """The tree does not allow this change: every obstacle, each with what to do about it."""

    code = "organisation.change-refused"

    def __init__(self, obstacles: Sequence[Text]) -> None:
        self.obstacles = tuple(obstacles)
        super().__init__(N_("%(first)s（共 %(count)s 处需要先处理）"), first=self.obstacles[0], count=len(self.obstacles))


class RootStaysError(RuleBrokenError):
    """The tenant's own unit cannot be closed or placed under another."""

    code = "organisation.root-stays"

    def __init__(self) -> None:
        super().__init__(N_("最上级单位不能撤销，也不能归入其他单位。"))


class LineNotAllowedError(InvalidInputError):
    """The line is unknown, or is the primary one, where a unit already stands."""

    code = "organisation.line-not-allowed"

    def __init__(self) -> None:
        text = Text(N_("请选择主线以外的一条管理线。"))
        super().__init__(text.template, fields={"line": [text]})


class LoginTakenError(InvalidInputError):
    """Somebody else signs in with this name."""

    code = "organisation.login-taken"

    def __init__(self, login: str) -> None:
        text = Text(N_("登录名 %(login)s 已有人使用，请换一个。"), {"login": login})
        super().__init__(text.template, fields={"login": [text]}, login=login)


class RoleDoesNotFitError(InvalidInputError):
    """The role cannot be held at a unit of this level."""

    code = "organisation.role-does-not-fit"

    def __init__(self, *, role: str, level: str) -> None:
        text = Text(N_("“%(role)s”不能在“%(level)s”一级担任。"), {"role": role, "level": level})
        super().__init__(text.template, fields={"role": [text]}, role=role, level=level)


class OwnRoleError(RuleBrokenError):
    """Nobody grants or revokes their own roles."""

    code = "organisation.own-role"

    def __init__(self) -> None:
        super().__init__(N_("不能给自己授予或收回角色，请由另一位管理员办理。"))


class DutiesApartError(RuleBrokenError):
    """Administering, auditing and working are for different people."""

    code = "organisation.duties-apart"

    def __init__(self) -> None:
        super().__init__(N_("系统管理、审计和业务必须由不同的人担任：此人已有另一类角色，请换人或先收回。"))


class LastAdministratorError(RuleBrokenError):
    """Without this person nobody would keep the accounts, give the roles or read the record any more."""

    code = "organisation.last-administrator"

    def __init__(self) -> None:
        super().__init__(
            N_("此人是这一类管理员（系统、安全或审计）中最后一位长期在任的，请先让另一位在任且不设结束日期，再办理。")
        )


class DutyNotMergedError(RuleBrokenError):
    """The account that would end is an administrator's, and one hand would do away with it."""

    code = "organisation.duty-not-merged"

    def __init__(self, login: str) -> None:
        super().__init__(
            N_("账号 %(login)s 担任系统、安全或审计管理员，不能由一人并入别的账号：请先由安全管理员收回该角色，合并后再行授予。"),
            login=login,
        )


class TwoNamesError(RuleBrokenError):
    """The accounts bear different names, and nobody has said that they are one person's."""

    code = "organisation.two-names"

    def __init__(self, gone: str, kept: str) -> None:
        super().__init__(
            N_("两个账号的姓名不同（%(gone)s、%(kept)s）。确为同一人的，请先把姓名更正一致，再合并。"), gone=gone, kept=kept
        )


class GrantExistsError(RuleBrokenError):
    """The person already holds this role at this unit in that time."""

    code = "organisation.grant-exists"

    def __init__(self) -> None:
        super().__init__(N_("此人在这段时间内已担任该单位的这个角色。"))


class AlreadyFoundedError(RuleBrokenError):
    """The tenant has its topmost unit already."""

    code = "organisation.already-founded"

    def __init__(self) -> None:
        super().__init__(N_("最上级单位和首位管理员已经设立。"))


class ImportRefusedError(RuleBrokenError):
    """The file has mistakes; nothing of it was taken."""

    code = "organisation.import-refused"

    def __init__(self, count: int) -> None:
        super().__init__(N_("文件中有 %(count)s 处错误，没有导入任何单位。请更正后重新上传。"), count=count)


class PeopleRefusedError(RuleBrokenError):
    """The file has mistakes; nobody in it was added."""

    code = "organisation.people-refused"

    def __init__(self, count: int) -> None:
        super().__init__(N_("文件中有 %(count)s 处错误，没有添加任何人员。请更正后重新上传。"), count=count)
