"""Documents on their way down a demo, each through the operation behind the page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from duban.dispatches.models import Receipt
from duban.dispatches.operations.answering import answer_receipt, open_receipt, sign_receipt
from duban.dispatches.operations.sending import Sending, send
from duban.dispatches.queries import receipts_of
from duban.programmes.forms import DocumentForm
from duban.programmes.operations.documents import register_document
from duban.simulation.stage import Stage

DAY = timedelta(days=1)


@dataclass
class Paper:
    """A document, the dispatches of it and who made them, by the unit they were made at; units are named by code."""

    stage: Stage
    document_id: UUID
    sent: dict[str, UUID] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)

    def send(self, login: str, unit: str, *, number: str = "", note: str = "", reply_by: date | None = None) -> None:
        """Send it to all units directly below."""
        sending = Sending(number=number, note=note, reply_by=reply_by)
        with self.stage.as_(login) as scope:
            made = send(scope, document_id=self.document_id, unit_id=self.stage.units[unit], sending=sending)
            self.sent[unit], self.senders[unit] = made.id, login

    def _receipts(self, sender: str) -> Mapping[str, Receipt]:
        codes = {unit_id: code for code, unit_id in self.stage.units.items()}
        with self.stage.as_(self.senders[sender]) as scope:
            return {codes[row.unit_id]: row for row in receipts_of(scope, self.sent[sender])}  # type: ignore[index]

    def opened(self, sender: str, units: Collection[str]) -> None:
        """Have units open it that do nothing further yet."""
        for code, row in self._receipts(sender).items():
            if code in units:
                with self.stage.as_(self.stage.clerks[code]) as scope:
                    open_receipt(scope, receipt_id=row.id)

    def signed(self, sender: str, units: Collection[str]) -> None:
        """Have units sign for what a unit sent them."""
        for code, row in self._receipts(sender).items():
            if code in units and row.signed_at is None:
                with self.stage.as_(self.stage.clerks[code]) as scope:
                    sign_receipt(scope, receipt_id=row.id)

    def answered(self, sender: str, units: Collection[str], text: str) -> None:
        """Have units answer what a unit sent them."""
        for code, row in self._receipts(sender).items():
            if code in units:
                with self.stage.as_(self.stage.clerks[code]) as scope:
                    answer_receipt(scope, receipt_id=row.id, text=text)


def notice(stage: Stage, login: str, unit: str, *, title: str, number: str, text: str, on: date) -> Paper:
    """Register a notice that is for those it is sent to alone."""
    form = DocumentForm(title=title, issuer=stage.unit_names[unit], number=number, issued_on=on)
    with stage.as_(login) as scope:
        made = register_document(scope, unit_id=stage.units[unit], form=form, original_text=text, addressed_only=True)
        return Paper(stage, made.id)


def hand_down_notice(
    stage: Stage, *, officer: str, county: str, townships: Collection[str], busy: Mapping[str, list[str]]
) -> None:
    """
    Send a county's notice down, five days ago: most townships sign, two answer, the busy ones pass it on to their villages.

    Takes: `busy` the villages by township. The stage's day is the one the demo is looked at.
    """
    today, codes = stage.today, sorted(townships)
    stage.at(today - 5 * DAY, 9)
    paper = notice(
        stage, officer, county, title="关于开展冬春安全风险排查的通知", number=f"望安办〔{today.year}〕26号",
        text="各乡镇（街道）：\n请立即组织辖区各村（社区）对人员密集场所、“九小场所”逐一排查，排查情况按期回复。",
        on=today - 6 * DAY,
    )  # fmt: skip
    paper.send(officer, county, note="请逐村传达，排查情况书面回复。", reply_by=today + 2 * DAY)
    stage.at(today - 4 * DAY, 10)
    paper.signed(county, codes[:-3])
    paper.opened(county, codes[-3:-1])
    for number, (township, villages) in enumerate(sorted(busy.items())):
        stage.at(today - 3 * DAY, 9 + number)
        name = stage.unit_names[township][:2]
        paper.send(
            stage.clerks[township], township, number=f"{name}安〔{today.year}〕{11 + number}号",
            note="请于期限前将排查情况报镇安监站。", reply_by=today + DAY,
        )  # fmt: skip
        stage.at(today - 2 * DAY, 9 + number)
        paper.signed(township, villages[:-2])
        paper.answered(township, villages[:2], "已逐户排查，未发现重大隐患。")
    stage.at(today - DAY, 16)
    paper.answered(county, codes[:2], "已传达到各村，排查出一般隐患 6 处，均已整改。")
