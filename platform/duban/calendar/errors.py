"""What can go wrong with dates, and be put right by the person who set them."""

from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.text import N_, Text


class UnknownYearError(RuleBrokenError):
    """No table of public holidays is known for `year`, and the rule needs one."""

    code = "calendar.unknown-year"

    def __init__(self, year: int) -> None:
        words = N_("还没有 %(year)s 年的节假日与调休安排，算不出工作日。国务院公布以后由系统管理员在“工作日历”里录入。")
        super().__init__(words, year=year)
        self.year = year


class TooManyPeriodsError(RuleBrokenError):
    """The rule and its window would give more periods than anybody means."""

    code = "calendar.too-many-periods"

    def __init__(self, *, count: int, limit: int) -> None:
        super().__init__(N_("按此规则将产生 %(count)s 期，超过上限 %(limit)s 期，请缩短起止时间。"), count=count, limit=limit)
        self.count = count
        self.limit = limit


class OpenEndedWindowError(RuleBrokenError):
    """A recurring rule was given no last day, so its periods have no end."""

    code = "calendar.open-ended-window"

    def __init__(self) -> None:
        super().__init__(N_("周期性报送必须写明截止到哪一天。"))


class InvalidDueRuleError(InvalidInputError):
    """A due rule that cannot be read, with what is wrong per field."""

    code = "calendar.invalid-due-rule"

    def __init__(self, fields: dict[str, list[Text]]) -> None:
        super().__init__(N_("截止规则填写有误。"), fields=fields)


class InvalidWindowError(InvalidInputError):
    """A stage window whose text says no date."""

    code = "calendar.invalid-window"

    def __init__(self, text: str) -> None:
        template = N_("看不懂时间段“%(text)s”，请写成“2011年4月底至11月上旬”的样子。")
        super().__init__(template, fields={"window": [Text(template, {"text": text})]}, text=text)


class InvalidYearTableError(InvalidInputError):
    """A table of holidays and make-up working days that contradicts itself."""

    code = "calendar.invalid-year-table"

    def __init__(self, fields: dict[str, list[Text]]) -> None:
        super().__init__(N_("工作日历填写有误。"), fields=fields)


class InvalidLadderError(InvalidInputError):
    """A reminder ladder that cannot be used, with what is wrong per step and field."""

    code = "calendar.invalid-ladder"

    def __init__(self, fields: dict[str, list[Text]]) -> None:
        super().__init__(N_("提醒阶梯填写有误。"), fields=fields)


class NeverDueError(InvalidInputError):
    """The rule and its window give no due date at all, or only days that are over; `text` says what to change."""

    code = "calendar.never-due"

    def __init__(self, field: str, text: Text) -> None:
        super().__init__(text.template, fields={field: [text]}, **dict(text.params))
        self.field = field
