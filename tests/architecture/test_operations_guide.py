"""The operations guide tells the truth: its commands, settings, alarms, figures and links exist, in both languages."""

import dataclasses
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from duban.cli import cli
from duban.kernel.settings import ROOT, Settings

GUIDES = {language: ROOT / "docs/operations" / name for language, name in (("en", "README.md"), ("zh", "administrator.zh.md"))}
OF_COMPOSE = {"OWNER_PASSWORD", "APP_PASSWORD", "BACKUP_PASSWORD", "REDIS_PASSWORD", "VERSION"}


@pytest.fixture(params=GUIDES)
def guide(request) -> str:
    return GUIDES[request.param].read_text(encoding="utf-8")


def commands(text: str) -> list[list[str]]:
    blocks = re.findall(r"^[ ]*```sh\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    return [
        shlex.split(line, comments=True)[1:]
        for block in blocks
        for line in block.splitlines()
        if line.strip().startswith("duban ")
    ]


def resolve(words: list[str]) -> None:
    """Let click itself read the words, without running anything. Raises: click's UsageError."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        if not words or words[0] not in command.commands:
            if not words and command.invoke_without_command:
                return
            raise click.UsageError(f"{words[:1]} is not a command of {command.name}")
        command, words = command.commands[words[0]], words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    command.parse_args(context, list(words))


def test_every_command_exists_with_its_options(guide: str) -> None:
    found = commands(guide)
    for words in found:
        resolve(words)
    print(f"{len(found)} commands read by the program itself")
    assert len(found) >= 25


def inline(text: str) -> list[list[str]]:
    """The commands named in running text, which may leave out what they are given."""
    prose = re.sub(r"^[ ]*```.*?```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [shlex.split(words)[1:] for words in re.findall(r"`(duban [^`]+)`", prose)]


def known(words: list[str]) -> bool:
    """Say whether a command of these names and options exists."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return False
        command, words = command.commands[words[0]], words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    return {word for word in words if word.startswith("--")} <= options


def test_every_command_named_in_the_text_exists(guide: str) -> None:
    found = inline(guide)
    print(f"{len(found)} commands named in the text")
    assert len(found) >= 10
    assert [words for words in found if not known(words)] == []
    assert "import-units" in {words[0] for words in commands(guide)}
    assert not known(["backup", "verfy"]), "the control"
    assert not known(["import-units", "--try"]), "the control"


def test_a_command_that_does_not_exist_is_noticed() -> None:
    """The control."""
    for words in (["backup", "verfy"], ["restore", "--newest"], ["nonsense"], ["tenant", "create", "x"]):
        with pytest.raises(click.UsageError):
            resolve(words)


def test_both_languages_say_the_same_commands_settings_and_codes() -> None:
    english, chinese = (path.read_text(encoding="utf-8") for path in GUIDES.values())
    assert commands(english) == commands(chinese)
    for pattern in (r"DUBAN_[A-Z_]+", r"`(duban_\w+)`", r"^\| `(\w+)`", r"^## (\d)"):
        assert re.findall(pattern, english, re.MULTILINE) == re.findall(pattern, chinese, re.MULTILINE), pattern


def test_every_setting_named_exists(guide: str) -> None:
    known = {field.name.upper() for field in dataclasses.fields(Settings)} | OF_COMPOSE
    named = {name if name in known else name.removesuffix("_FILE") for name in re.findall(r"DUBAN_([A-Z_]+)", guide)}
    assert named <= known, named - known
    assert {"BACKUP_KEY", "METRICS_TOKEN", "CONTEXT_KEY", "SECRET_KEY"} <= named


def test_every_alarm_has_its_line(guide: str) -> None:
    source = (ROOT / "platform/duban/web/alarms.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'Alarm\(\s*"(\w+)"', source)) | {"database", "schema", "redis", "clock", "worker"}
    table = guide[guide.index("## 9") :]
    told = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))))
    assert told == codes
    assert len(codes) >= 10


def test_every_figure_exists(guide: str) -> None:
    source = "".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("platform/duban/web/metrics.py", "platform/duban/watch/counting.py", "platform/duban/kernel/figures.py")
    )
    table = guide[guide.index("## 8") : guide.index("## 9")]
    named = {name for line in table.splitlines() if line.startswith("| `duban") for name in re.findall(r"`(\w+)`", line)}
    for name in named:
        assert f'"{name}"' in source or f'"{name.removesuffix("_total")}"' in source, name
    assert len(named) >= 20
    rules = (ROOT / "config/prometheus-alerts.yaml").read_text(encoding="utf-8")
    for name in set(re.findall(r"\bduban_\w+", rules)):
        stem = re.sub("_(total|bucket)$", "", name)
        assert f'"{name}"' in source or f'"{stem}"' in source, name
    assert len(yaml.safe_load(rules)["groups"][0]["rules"]) >= 8


def test_every_link_leads_somewhere(guide: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", guide):
        assert (ROOT / "docs/operations" / target).exists(), target
    for target in re.findall(r"`(config/[\w.-]+|docs/[\w/]+)`", guide):
        assert list(ROOT.glob(f"{target}*")) or target == "config/.env", target
    assert Path(ROOT / "config/env.example").exists()
