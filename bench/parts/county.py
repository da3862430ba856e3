"""The demo county (177 units) on a throw-away server, for benches of what people meet."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from duban.embedded import postgres
from duban.kernel.context import new_key
from duban.kernel.db import make_engine
from duban.kernel.migrating import upgrade
from duban.kernel.scope import TenantInfo
from duban.kernel.settings import Settings
from duban.simulation.demo import _wangcheng
from duban.simulation.stage import open_doors
from duban.tenancy.kinds import load_all


@contextmanager
def demo_county(*, durable: bool, settings: Settings) -> Iterator[tuple[TenantInfo, Settings, Path]]:
    """Give the tenant, `settings` completed with its database and key, and a folder; all gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "pg", durable=durable) as server:
        key = new_key()
        upgrade(server.url(postgres.OWNER_ROLE), context_key=key)
        url = server.url(postgres.APP_ROLE)
        engine = make_engine(url, context_key=key)
        stage = _wangcheng(engine, load_all()["county"], lambda line: print(line, file=sys.stderr))
        open_doors(stage, "wangcheng")
        engine.dispose()
        with server.connect(database=postgres.DATABASE) as admin:
            admin.execute("VACUUM ANALYZE")
        yield stage.tenant, replace(settings, database_url=url, data_dir=folder, context_key=key), Path(folder)
