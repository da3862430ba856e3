"""What templates may say about dates, numbers and places: Jinja filters and globals.

Dates are spoken relative to the app's clock in the tenant's zone.
`due_on` is the last day on which something may be handed in; a `datetime` given instead is the exclusive instant after it.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup, escape

from duban.kernel.text import Text
from duban.web.devices import device_words
from duban.web.errors import translate
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.requests import runtime

DEFAULT_ZONE = "Asia/Shanghai"
WEEKDAYS = "一二三四五六日"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEKDAYS_EN = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
SOON_DAYS = 3
SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86400
BYTES_PER_STEP = 1024
STATIC = Path(__file__).parent / "static"


def moment() -> datetime:
    """Give the request's now, by the app's clock, in the tenant's zone; the same instant for the whole page."""
    zone = g.get("zone_name") or DEFAULT_ZONE
    kept: tuple[str, datetime] | None = g.get("face_now")
    if kept is None:
        kept = g.face_now = zone, runtime().clock.now().astimezone(ZoneInfo(zone))
    elif kept[0] != zone:  # somebody was admitted since
        kept = g.face_now = zone, kept[1].astimezone(ZoneInfo(zone))
    return kept[1]


def local(instant: datetime) -> datetime:
    """Give `instant` in the tenant's zone."""
    return instant.astimezone(moment().tzinfo)


def as_day(value: date | datetime) -> date:
    """Give the last day of a due date: a date is itself, an exclusive instant is the day before it in the tenant's zone."""
    if isinstance(value, datetime):
        return (local(value) - timedelta(microseconds=1)).date()
    return value


def days_left(value: date | datetime) -> int:
    """Count whole days until the last day: 0 today, negative when overdue."""
    return (as_day(value) - moment().date()).days


def taking() -> bool:
    """Say whether this page is drawn to take its lists away: days and instants are then written as a table sorts them."""
    return bool(g.get("taking"))


def due_words(value: date | datetime | None) -> str:
    """Say how far a due date is: 还有 3 天、 今天截止、 逾期 5 天."""
    if value is None:
        return _("无期限")
    if taking():
        return as_day(value).isoformat()
    days = days_left(value)
    if days < 0:
        return _("逾期 1 天") if days == -1 else _("逾期 %(n)s 天", n=-days)
    if days == 0:
        return _("今天截止")
    return _("明天截止") if days == 1 else _("还有 %(n)s 天", n=days)


def due_tone(value: date | datetime | None) -> str:
    """Give the tone of an open due date: late, warn within three days, else todo."""
    if value is None:
        return "off"
    days = days_left(value)
    if days < 0:
        return "late"
    return "warn" if days <= SOON_DAYS else "todo"


def due_full(value: date | datetime) -> str:
    """Say a due date in full: 6月28日（周二）24:00 截止."""
    return day_week(value) if taking() else _("%(day)s24:00 截止", day=day_week(value))


def day_week(value: date | datetime) -> str:
    """Say a day with its weekday: 6月28日（周二）, with the year when it is not this one."""
    last = as_day(value)
    if taking():
        return last.isoformat()
    shown = day_short(last)
    if current_language() == "en":
        return f"{WEEKDAYS_EN[last.weekday()]} {shown}"
    return f"{shown}（周{WEEKDAYS[last.weekday()]}）"


def day_short(value: date | datetime | None) -> str:
    """Say a day briefly: 6月28日; another year's day carries its year."""
    if value is None:
        return "—"
    last = local(value).date() if isinstance(value, datetime) else value
    if taking():
        return last.isoformat()
    this_year = last.year == moment().year
    if current_language() == "en":
        return f"{last.day} {MONTHS[last.month - 1]}" + ("" if this_year else f" {last.year}")
    return ("" if this_year else f"{last.year}年") + f"{last.month}月{last.day}日"


def day_full(value: date | datetime | None) -> str:
    """Say a day with its year: 2011年6月28日."""
    if value is None:
        return "—"
    last = local(value).date() if isinstance(value, datetime) else value
    if taking():
        return last.isoformat()
    if current_language() == "en":
        return f"{last.day} {MONTHS[last.month - 1]} {last.year}"
    return f"{last.year}年{last.month}月{last.day}日"


def instant(value: datetime | None) -> str:
    """Say an instant: 10:42 today, 6月28日 10:42 else."""
    if value is None:
        return "—"
    here = local(value)
    if taking():
        return f"{here:%Y-%m-%d %H:%M}"
    clock = f"{here:%H:%M}"
    return clock if here.date() == moment().date() else f"{day_short(here)} {clock}"


def day_clock(value: datetime | None) -> str:
    """Say an instant with its day, today's too: 6月28日 10:42. For what lies ahead, and what is read long after."""
    return "—" if value is None else f"{day_short(value)} {local(value):%H:%M}"


def clock(value: datetime | None) -> str:
    """Say the time of day: 10:42."""
    return "—" if value is None else f"{local(value):%H:%M}"


def ago(value: datetime | None) -> str:
    """Say how long ago something was: 刚刚、 5 分钟前、 3 小时前、 then the day."""
    if value is None:
        return "—"
    if taking():
        return instant(value)
    seconds = int((moment() - value).total_seconds())
    if seconds < SECONDS_PER_MINUTE:
        return _("刚刚")
    if seconds < SECONDS_PER_HOUR:
        return _("%(n)s 分钟前", n=seconds // SECONDS_PER_MINUTE)
    if seconds < SECONDS_PER_DAY:
        return _("%(n)s 小时前", n=seconds // SECONDS_PER_HOUR)
    return instant(value)


def number(value: Decimal | int | None, places: int | None = None) -> str:
    """Write a number with thousands separators and no useless zeros; `places` fixes the decimals."""
    if value is None:
        return "—"
    exact = Decimal(value)
    if places is not None:
        return f"{exact:,.{places}f}"
    text = f"{exact:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(part: Decimal | int | None, whole: Decimal | int | None = None, places: int = 0) -> str:
    """Write part/whole as a percentage, or a ratio (0.85) when no whole is given; — when the whole is nothing."""
    if part is None or (whole is not None and Decimal(whole) == 0):
        return "—"
    ratio = Decimal(part) if whole is None else Decimal(part) / Decimal(whole)
    return f"{ratio * 100:.{places}f}%"


def file_size(size_bytes: int) -> str:
    """Write a size: 820 B, 1.2 MB."""
    size = Decimal(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < BYTES_PER_STEP:
            return f"{number(size.quantize(Decimal('0.1')))} {unit}"
        size /= BYTES_PER_STEP
    return f"{number(size.quantize(Decimal('0.1')))} GB"


def translated(words: Text | str) -> str:
    """Give words of the rules in the page's language: a Text with its values, or a plain msgid."""
    return translate(words) if isinstance(words, Text) else _(words)


def json_attribute(value: object) -> Markup:
    """Write `value` as JSON for a double-quoted data attribute. Decimals become numbers for drawing only."""
    return escape(json.dumps(value, ensure_ascii=False, default=float, separators=(",", ":")))


def icon(name: str, extra: str = "") -> Markup:
    """Draw an icon of the sprite; it is decoration, the word beside it carries the meaning."""
    # a page has hundreds of icons, and building an address is the dearest part of drawing one
    sprite = g.get("icon_sprite") or g.setdefault("icon_sprite", url_for("static", filename="img/icons.svg"))
    return _drawn(sprite, name, extra)


@lru_cache(maxsize=2000)
def _drawn(sprite: str, name: str, extra: str) -> Markup:
    return Markup('<svg class="ico {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        extra, sprite, name
    )


def same_page(**changes: object) -> str:
    """Give this page's address with some query parameters changed (None removes one): filters, sorting, paging, language."""
    parameters: dict[str, list[str]] = request.args.to_dict(flat=False)
    for name, value in changes.items():
        parameters.pop(name, None)
        if value is not None:
            parameters[name] = [str(value)]
    query = urlencode(parameters, doseq=True)
    return f"{request.path}?{query}" if query else request.path


def sparkline_points(values: Iterable[Decimal | int], width: int = 96, height: int = 28) -> str:
    """Give the points of a small trend line as SVG polyline points, highest value at the top."""
    numbers = [Decimal(value) for value in values]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    spread = high - low or Decimal(1)
    step = Decimal(width - 4) / max(len(numbers) - 1, 1)
    return " ".join(
        f"{2 + step * place:.1f},{2 + (height - 4) * (1 - (value - low) / spread):.1f}" for place, value in enumerate(numbers)
    )


def link_to(endpoint: str, **values: Any) -> str | None:
    """Give the address of a page of another feature, None where this installation has no such page."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None


def links_to(endpoint: str, name: str) -> Callable[[UUID], str | None]:
    """
    Give what makes the addresses of many pages that differ in one id, e.g. `links_to("reporting.show_duty", "duty_id")`.

    The address is built once and filled in: building one costs more than drawing what leads there.
    """
    nobody = UUID(int=0)
    pattern = link_to(endpoint, **{name: nobody})
    if pattern is None:
        return lambda _one: None
    before, _, after = pattern.partition(str(nobody))
    return lambda one: f"{before}{one}{after}"


def unique_id() -> str:
    """Give an id not used before on this page, for a field that may appear many times."""
    g.face_ids = g.get("face_ids", 0) + 1
    return f"u{g.face_ids}"


def asset(name: str) -> str:
    """Give the address of one of our static files, with its modification time so that a new version is fetched at once."""
    path = STATIC / name
    version = f"{int(path.stat().st_mtime):x}" if path.exists() else "0"
    return url_for("static", filename=name, v=version)


FILTERS = {
    "due_words": due_words, "due_full": due_full, "due_tone": due_tone, "day_week": day_week, "day_short": day_short,
    "day_full": day_full, "instant": instant, "day_clock": day_clock,
    "clock": clock, "ago": ago, "number": number, "percent": percent,
    "file_size": file_size, "t": translated, "json_attribute": json_attribute,
    "device_words": device_words, "sparkline": sparkline_points,
}  # fmt: skip
GLOBALS = {
    "icon": icon,
    "same_page": same_page,
    "link_to": link_to,
    "asset": asset,
    "today": lambda: moment().date(),
    "days_left": days_left,
    "taking": taking,
    "unique_id": unique_id,
}


def init_filters(app: Flask) -> None:
    """Teach `app`'s templates the filters and globals of this module."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(GLOBALS)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
