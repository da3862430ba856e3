"""How gunicorn serves the pages, in `duban up` and in production alike. GUNICORN_CMD_ARGS adds to it."""

import multiprocessing

from gunicorn.arbiter import Arbiter

worker_class = "gthread"
workers = min(4, multiprocessing.cpu_count() + 1)
threads = 4
preload_app = True  # the application is loaded once, then shared by the forked workers
timeout = 60
graceful_timeout = 8
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 8190
accesslog = None  # the application logs requests itself, structured
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_fork(server: Arbiter, _worker: object) -> None:
    """Forget the connections made while loading: one database connection must not serve two processes."""
    server.app.wsgi().extensions["duban"].engine.dispose(close=False)
