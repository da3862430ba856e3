"""Lists of matters: what one owes, has assigned, reviews, decides, or may read; counted by colour."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import may_somewhere
from duban.calendar.ladder_words import COLOUR_LOOKS
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.matters import queries
from duban.matters.pages.reading import asked_word
from duban.matters.queries import Filter
from duban.matters.settings import settings_of
from duban.matters.states import SHEET_LABELS, SHEETS
from duban.web.i18n import current_language, gettext
from duban.web.requests import current_scope

LIST_LABELS = {
    "waiting": N_("等我办理"),
    "mine": N_("本单位承办"),
    "assigned": N_("本单位交办"),
    "review": N_("待我审核"),
    "decide": N_("待我审批"),
    "all": N_("全部"),
}
STATE_TABS = {"living": N_("在办"), "over": N_("已结束"), "": N_("不限")}
NO_COLOUR = "none"


def list_matters() -> ResponseReturnValue:
    """Show a list of matters, those due first on top."""
    scope = current_scope()
    which = asked_word("list", list(queries.LISTS), _usual(scope))
    wanted = Filter(
        which=which,
        state=asked_word("state", ["living", "owing", "over", ""], "living"),
        colour=asked_word("colour", ["", NO_COLOUR, *SHEETS], ""),
        source=request.args.get("source", ""),
        search=request.args.get("q", ""),
    )
    return render_template(
        "matters/list.html",
        page=queries.list_matters(scope, wanted, after=request.args.get("after")),
        wanted=wanted,
        list_tabs=[
            (
                gettext(label),
                url_for("matters.list_matters", list=code),
                code == which,
                queries.count_to_do(scope) if code == "waiting" else None,
            )
            for code, label in _lists(scope)
        ],
        states=[(code, gettext(label)) for code, label in STATE_TABS.items()],
        sources=[(one.code, one.name.in_language(current_language())) for one in settings_of(scope).sources],
        tiles=_tiles(scope, wanted),
        may_register=may_somewhere(scope, "matter", "assign"),
    )


def _usual(scope: Scope) -> str:
    """Give the list the menu leads to: what its number counts, where anything waits."""
    return next(code for code, _ in _lists(scope) if code != "waiting" or queries.count_to_do(scope))


def _lists(scope: Scope) -> list[tuple[str, str]]:
    needs = {"mine": "answer", "assigned": "assign", "review": "review", "decide": "decide"}
    order = (
        ("waiting", "assigned", "mine", "review", "decide", "all")
        if may_somewhere(scope, "matter", "assign")
        else tuple(LIST_LABELS)
    )
    offered = [(code, LIST_LABELS[code]) for code in order if code not in needs or may_somewhere(scope, "matter", needs[code])]
    hands = any(code in {"mine", "review", "decide"} for code, _ in offered)
    return offered if hands else [one for one in offered if one[0] != "waiting"]


def _tiles(scope: Scope, wanted: Filter) -> list[dict[str, Any]]:
    counts = queries.counts_by_colour(scope, wanted)
    tiles = [{"code": "", "label": gettext(N_("全部")), "count": sum(counts.values()), "tone": ""}]
    for colour in [one for one in reversed(SHEETS) if counts.get(one)]:
        label, tone = gettext(SHEET_LABELS[colour]), COLOUR_LOOKS[colour][1]
        tiles.append({"code": colour.value, "label": label, "count": counts[colour], "tone": tone})
    if len(tiles) > 1:
        tiles.append({"code": NO_COLOUR, "label": gettext(N_("未发督办单")), "count": counts.get(None, 0), "tone": ""})
    return tiles
