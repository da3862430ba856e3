"""How gunicorn serves the pages, in `duban up` and in production alike. GUNICORN_CMD_ARGS adds to it."""

import multiprocessing
import os
import shutil
import tempfile
from pathlib import Path

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

# Each worker counts in a file of its own here; /metrics adds them up. Must be set before the application is loaded.
counts = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="duban-metrics-")

TEMPORARY = "duban-web-"


def forget_the_dead() -> None:
    """Remove the temporary folders of services that were killed together with everything that would have tidied up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        pid = folder.name.removeprefix(TEMPORARY).partition("-")[0]
        if pid.isdecimal() and folder.stat().st_uid == os.getuid() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


# Half-written tables and uploads of a worker that is killed go with its folder, at once, not with the next restart of the host.
if Path("/proc/self").exists():
    forget_the_dead()
temporary = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-"))

worker_class = "gthread"
workers = min(4, multiprocessing.cpu_count() + 1)
# Some stand and wait at the door (duban/identity/doorway.py) and hold nothing else; four and more stay for those who are in.
# Never as many as a process may have database connections (duban/kernel/db.py), or all could wait for one another.
threads = 18
preload_app = True  # the application is loaded once, then shared by the forked workers
timeout = 60
graceful_timeout = 8
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 8190
accesslog = None  # duban.web.request_logs writes a structured line for each answer, with tenant and person but no query
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_fork(server: Arbiter, _worker: object) -> None:
    """Forget the connections made while loading: one database connection must not serve two processes."""
    server.app.wsgi().extensions["duban"].engine.dispose(close=False)
    own = temporary / str(os.getpid())
    own.mkdir(mode=0o700)
    tempfile.tempdir = str(own)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Forget what a worker that ended held at the moment, and what it had begun to write; what it counted stays."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - importing it earlier would fix the folder too soon

    multiprocess.mark_process_dead(worker.pid)
    shutil.rmtree(temporary / str(worker.pid), ignore_errors=True)


def on_exit(_server: Arbiter) -> None:
    """Remove the counts and temporary folders: a new start begins at nought."""
    shutil.rmtree(counts, ignore_errors=True)
    shutil.rmtree(temporary, ignore_errors=True)
