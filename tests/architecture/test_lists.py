"""Every page that shows a list offers it to be taken away as shown (docs/decisions/0053): by its frame, not by its author's memory."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from duban.kernel.settings import ROOT
from duban.web.shown_lists import MARKS

TEMPLATES = ROOT / "platform" / "duban"
FRAMES = ("base.html", "console/frame.html")
OFFER = "{{ ui.take_away(body) }}"
NO_LISTS = {
    "letters/parts.html": "the text of a letter, which is a document with a file of its own",
    "matters/parts.html": "the text of a paper",
    "targets/grid.html": "boxes to be filled in",
    "assessments/grid.html": "boxes to be filled in",
    "assessments/card.html": "one unit's score card, printed as a page",
    "forms/questions.html": "boxes to be filled in",
    "api/reference.html": "the description of the API",
}
OWN_WAY = {
    "auditing/records.html": "taking the record away is itself recorded, so it is a POST",
    "forms/changes.html": "what a form asks otherwise, beside the form",
    "forms/form.html": "the versions of a form, beside the form: what is there to be taken away is no list",
    "reporting/duty_ladder.html": "the reminders of one duty: what is taken away there are its answers",
    "reporting/review_remark.html": "a box to write in among the answers",
    "reporting/workbook.html": "each line is a workbook to download",
    "reporting/workbook_judged.html": "the file sent, marked, is what is taken away",
}


def all_templates() -> dict[str, str]:
    return {
        str(path.relative_to(folder)): re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        for folder in TEMPLATES.glob("**/templates")
        for path in folder.glob("**/*.html")
    }


def named(source: str, *tags: str) -> set[str]:
    return set(re.findall(rf'{{%-?\s*(?:{"|".join(tags)})\s+"([^"]+)"', source))


def shows_list(source: str) -> bool:
    return "ui.table(" in source or "ui.matrix(" in source or "ui.chart(" in source or any(mark in source for mark in MARKS)


def frames_of(templates: Mapping[str, str], name: str) -> set[str]:
    above = named(templates.get(name, ""), "extends")
    return above | {frame for one in above for frame in frames_of(templates, one)}


def problems(templates: Mapping[str, str]) -> Iterator[str]:
    parts = {used for source in templates.values() for used in named(source, "include", "import", "from", "extends")}
    for name, source in templates.items():
        if re.search(r"\{% block content %\}", source) and "<main" in source and OFFER not in source:
            yield f"{name}: a frame that offers no list"
        bare = [one for one in re.findall(r"<table[^>]*", source) if not one.startswith(MARKS) and "data-not-taken" not in one]
        if bare and name not in NO_LISTS and name != "macros/ui.html":
            yield f"{name}: a table that is no list of the kit: {bare[0]}"
        if ("takes=false" in source or "data-not-taken" in source) and name not in {*OWN_WAY, "macros/ui.html"}:
            yield f"{name}: keeps its list back"
        if name in parts or name in NO_LISTS:
            continue
        used, waiting = set(), [name]
        while waiting:
            one = waiting.pop()
            if one not in used and one in templates:
                used.add(one)
                waiting += named(templates[one], "include")
        if any(shows_list(templates[one]) for one in used) and not frames_of(templates, name) & set(FRAMES):
            yield f"{name}: a list outside our frames"


def test_every_page_with_a_list_offers_it() -> None:
    templates = all_templates()
    assert sum(shows_list(source) for source in templates.values()) > 60
    assert list(problems(templates)) == []
    assert {name for name in (*NO_LISTS, *OWN_WAY) if name not in templates} == set()


def test_control_what_is_kept_back_is_found() -> None:
    templates = all_templates()
    frame = templates["base.html"].replace(OFFER, "")
    new = {
        "base.html": frame,
        "x/alone.html": '<main>{% call ui.table([("a", "A", false)], "B") %}{% endcall %}</main>',
        "x/hidden.html": '{% extends "base.html" %}{% call ui.table([], "B", takes=false) %}{% endcall %}',
        "x/bare.html": '{% extends "base.html" %}<table class="mine"></table>',
    }
    found = list(problems(templates | new))
    assert [line.split(":")[0] for line in found] == ["base.html", "x/alone.html", "x/hidden.html", "x/bare.html"], found


def test_nobody_else_writes_tables() -> None:
    """Who sends a table by hand has a reason no page can have: an answer of its own, a template to fill in."""
    allowed = {"web/exports.py", "web/tables.py", "auditing/views.py", "organisation/pages/imports.py", "backup/reviving.py"}
    users = {
        str(path.relative_to(TEMPLATES))
        for path in Path(TEMPLATES).glob("**/*.py")
        if re.search(r"\b(xlsx_file|csv_lines)\b", path.read_text())
    }
    assert users == allowed
