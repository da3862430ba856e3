"""How gunicorn serves the pages, in `duban up` and in production alike. GUNICORN_CMD_ARGS adds to it."""

import multiprocessing

worker_class = "gthread"
workers = min(4, multiprocessing.cpu_count() + 1)
threads = 4
preload_app = False  # each worker opens its own database connections
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
