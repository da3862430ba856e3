"""gunicorn as in production on a database of its own, and browsers of a few lines to ask it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from urllib.parse import urlencode

from duban.kernel.settings import ROOT, Settings

Answer = tuple[int, dict[str, str], str]


def ask(port: int, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
    """One request on a connection of its own. Gives: status, headers, text."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    body = urlencode(form) if form is not None else None
    given = {"Accept": "text/html", "Connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        given["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    cookies = dict(one.split(";")[0].split("=", 1) for one in answer.headers.get_all("Set-Cookie") or [])
    connection.close()
    return answer.status, {**dict(answer.headers), **{f"cookie {name}": value for name, value in cookies.items()}}, text


def together(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def served(settings: Settings, log: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """Start gunicorn as in production and wait until it answers."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    plain = {f"DUBAN_{one.name.upper()}": getattr(settings, one.name) for one in fields(Settings)}
    given = {name: ("1" if value else "0") if isinstance(value, bool) else str(value) for name, value in plain.items()}
    environment = {
        **os.environ,
        **{name: value for name, value in given.items() if value != ""},
        "PYTHONPATH": str(ROOT / "platform"),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}", "wsgi:app"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    for _ in range(600):
        try:
            if ask(port, "GET", "/healthz")[0] == 200:
                return process, port
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(log.read_text())


def percentile(taken: list[float], share: float) -> float:
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]
