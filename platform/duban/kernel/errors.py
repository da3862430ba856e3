"""
The failures people can cause or meet, by meaning. Only `duban.web.errors` knows what HTTP makes of them.

Features subclass these and give a stable `code`; every text is a marked Chinese template plus values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from duban.kernel.text import N_, Text


class AnticipatedError(Exception):
    """A failure we foresee and explain: `text` says what is wrong and what to do."""

    code: ClassVar[str] = "anticipated"

    def __init__(self, template: str, **params: object) -> None:
        self.text = Text(template, params)
        super().__init__(str(self.text))


class NotFoundError(AnticipatedError):
    """There is no such thing, or the actor may not know that there is."""

    code = "not-found"

    def __init__(self, template: str = N_("没有找到这条记录，或您无权查看。请从工作台重新进入。"), **params: object) -> None:
        super().__init__(template, **params)


class NotAllowedError(AnticipatedError):
    """The actor may see the thing, but not do this to it."""

    code = "not-allowed"

    def __init__(
        self, template: str = N_("您可以查看这项内容，但没有办理这一步的权限。请联系本单位管理员。"), **params: object
    ) -> None:
        super().__init__(template, **params)


class TooBusyError(AnticipatedError):
    """Too many ask for this at once; it passes by itself."""

    code = "too-busy"

    def __init__(self, template: str = N_("同时登录的人太多。请稍等几秒再试。"), **params: object) -> None:
        super().__init__(template, **params)


class RuleBrokenError(AnticipatedError):
    """The state of things or a rule of the field does not allow this now."""

    code = "rule-broken"


class StaleError(RuleBrokenError):
    """Somebody else changed the thing since it was read."""

    code = "stale"

    def __init__(
        self, template: str = N_("这条内容刚刚被别人修改过。您的输入已保留，请核对最新内容后再保存。"), **params: object
    ) -> None:
        super().__init__(template, **params)


class InvalidInputError(AnticipatedError):
    """What was typed cannot be taken: `fields` names each field and what to do about it."""

    code = "invalid-input"

    def __init__(
        self,
        template: str = N_("有 %(count)s 处需要更正，请查看标出的位置。"),
        *,
        fields: Mapping[str, Sequence[Text]] | None = None,
        **params: object,
    ) -> None:
        self.fields = dict(fields or {})
        super().__init__(template, **({"count": len(self.fields)} | params))


def check_all(*checks: Callable[[], object]) -> None:
    """
    Make every check of one form, so that what it refuses is said at once and not one field after the other.

    Raises: what the only check that refuses raises; InvalidInputError with all fields where several do.
    """
    refused: list[InvalidInputError] = []
    for check in checks:
        try:
            check()
        except InvalidInputError as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise InvalidInputError(fields={name: texts for error in reversed(refused) for name, texts in error.fields.items()})


class UnfitDatabaseError(Exception):
    """A process must not start on this database: it would not keep tenants apart. The message says what to do."""
