"""What supervised matters and meetings refuse, and what to do about it."""

from collections.abc import Mapping, Sequence

from duban.kernel.errors import InvalidInputError, NotAllowedError, RuleBrokenError
from duban.kernel.text import N_, Text
from duban.matters.states import STATE_LABELS, Act, MatterState


class MatterStateError(RuleBrokenError):
    """The matter's state does not allow the act."""

    code = "matter.state"

    def __init__(self, *, state: MatterState, act: Act) -> None:
        super().__init__(
            N_("这件督办事项现在是“%(state)s”，不能这样办理。请刷新页面查看最新情况。"), state=Text(STATE_LABELS[state])
        )
        self.state, self.act = state, act


class FormError(InvalidInputError):
    """Some of what was typed cannot be taken."""

    code = "matter.form"

    def __init__(self, fields: Mapping[str, Sequence[Text]]) -> None:
        super().__init__(fields=fields)


class OwnReportError(NotAllowedError):
    """Nobody reviews what they reported or asked for themselves."""

    code = "matter.own-work"

    def __init__(self) -> None:
        super().__init__(N_("这是您本人报送或经办的，须由另一位同志办理。"))


class ExtensionError(RuleBrokenError):
    """An extension cannot be asked for or decided now."""

    code = "matter.extension"


class ColourError(RuleBrokenError):
    """A sheet of this colour cannot be issued."""

    code = "matter.colour"


class CircularError(RuleBrokenError):
    """There is no circular to issue."""

    code = "matter.circular"


class MeetingError(RuleBrokenError):
    """The meeting's record does not allow this."""

    code = "meeting.state"


def given(reason: str) -> str:
    """Give a reason as it is kept. Raises: FormError where none was typed."""
    if not reason.strip():
        raise missing(reason=N_("请写明理由。"))
    return reason.strip()


def missing(**fields: str) -> FormError:
    """Say by field what has to be filled in."""
    return FormError({name: [Text(template)] for name, template in fields.items()})
