"""The demo tenants: made once, shown whole, never half."""

from collections.abc import Callable
from time import monotonic

from sqlalchemy import Engine

from duban.files.storage import Store, open_store
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.scope import open_session
from duban.kernel.settings import Settings
from duban.simulation.accounts import PASSWORD, SLUGS, accounts_in_words
from duban.simulation.county_demo import CountyDemo
from duban.simulation.expressway_demo import ExpresswayDemo
from duban.simulation.stage import Stage, open_doors
from duban.simulation.street_year import StreetYear
from duban.tenancy.kinds import Kind, load_all
from duban.tenancy.queries import find_tenant

STREET_YEAR = 2011
Say = Callable[[str], None]


def ensure_demo(settings: Settings, say: Say = lambda _line: None) -> str:
    """
    Make the demo tenants that are not there yet; those that are stay as they are.

    Takes:  settings with a migrated database; `say` is told what is being made.
    Gives:  the accounts, as lines for a terminal.
    Costs:  under a minute when all are made, milliseconds when none is.
    """
    engine = make_engine(settings.database_url, context_key=settings.context_key)
    try:
        wanted = [slug for slug in SLUGS if not _exists(engine, slug)]
        kinds = load_all() if wanted else {}
        for slug in wanted:
            began = monotonic()
            stage = _MAKERS[slug](engine, kinds[_KINDS[slug]], say, open_store(settings.resolved_files_url))
            open_doors(stage, slug)
            say(f"{stage.tenant.name}：{len(stage.units)} 个单位、{len(stage.players)} 人，用时 {monotonic() - began:.0f} 秒")
    finally:
        engine.dispose()
    return accounts_in_words()


def _exists(engine: Engine, slug: str) -> bool:
    with open_session(engine, None) as session:
        return find_tenant(session, slug) is not None


def _wangcheng(engine: Engine, kind: Kind, say: Say, files: Store | None = None) -> Stage:
    today = SystemClock().now().astimezone(kind.zone).date()
    return CountyDemo(engine, kind=kind, today=today, password=PASSWORD, say=say, files=files).make()


def _chengbei(engine: Engine, kind: Kind, say: Say, _files: Store | None = None) -> Stage:
    say("城北街道：2011年全年")
    year = StreetYear(engine, kind=kind, year=STREET_YEAR, password=PASSWORD)
    year.run()
    return year.stage


def _ejl1(engine: Engine, kind: Kind, say: Say, _files: Store | None = None) -> Stage:
    today = SystemClock().now().astimezone(kind.zone).date()
    return ExpresswayDemo(engine, kind=kind, today=today, password=PASSWORD, say=say).make()


_MAKERS: dict[str, Callable[[Engine, Kind, Say, Store | None], Stage]] = {
    "wangcheng": _wangcheng,
    "chengbei": _chengbei,
    "ejl1": _ejl1,
}
_KINDS = {"wangcheng": "county", "chengbei": "street", "ejl1": "expressway"}
