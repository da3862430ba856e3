"""The page of upload limits, and what a person reads who has reached one."""

import io
import re

import pytest

from tests.attack.files.corpus import pdf
from tests.cast import World
from tests.conditions import as_read
from tests.integration.reporting import requirements as given

NONE = {"person_bytes": "", "person_files": "", "unit_bytes": "", "unit_files": ""}


def save(world: World, **typed: str):
    browser = world.client("adam")
    version = re.search(r'name="version" value="(\d+)"', browser.get("/files/limits").text)[1]
    return browser.post("/files/limits", data={**NONE, "version": version, **typed})


def test_the_administrator_sees_limits_and_figures_and_changes_them(world: World) -> None:
    page = world.client("adam").get("/files/limits").text
    assert re.search(r'id="person_bytes"[^>]*value="5"', page)
    assert re.search(r'id="unit_files"[^>]*value="20000"', page)
    assert save(world, person_bytes="0.5", unit_files="12").status_code == 302
    page = world.client("adam").get("/files/limits").text
    assert re.search(r'id="person_bytes"[^>]*value="0.5"', page)
    assert re.search(r'id="person_files"[^>]*value=""', page)
    assert re.search(r'id="unit_files"[^>]*value="12"', page)
    assert "附件限额" in world.client("adam").get("/").text
    assert "附件限额" not in world.client("cora").get("/").text


@pytest.mark.parametrize(
    "typed",
    [{"person_bytes": "NaN"}, {"person_bytes": "1e999"}, {"unit_files": "1.5"}, {"unit_files": "-1"}, {"person_files": "0"}],
)
def test_what_is_no_limit_is_said_beside_its_field_and_kept(world: World, typed: dict[str, str]) -> None:
    answer = save(world, **typed)
    ((name, value),) = typed.items()
    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.text
    assert f'value="{value}"' in answer.text


def test_a_page_that_is_out_of_date_overwrites_nothing(world: World) -> None:
    assert save(world, unit_files="12").status_code == 302
    answer = save(world, unit_files="13", version="1")
    assert answer.status_code == 412
    assert "刚刚被别人修改过" in answer.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("您今年已上传 1 个附件，每人每年最多 1 个", "附件限额")),
        ("en", ("each person may upload 1 a year", "upload limits")),
    ],
)
def test_a_person_who_has_reached_a_limit_reads_what_to_do_and_loses_nothing(
    world: World, language: str, words: tuple[str, ...]
) -> None:
    save(world, person_files="1")
    duty = given.duty_id(world, given.issued(world))
    browser = world.client("vera")
    files = [(io.BytesIO(pdf()), "一.pdf"), (io.BytesIO(pdf()), "二.pdf")]
    typed = {"answer.done": "已检查两次", "answer.checks": "2", "answer.money": "", "note": "夜里写的", "attachments": files}
    answer = browser.post(f"/duties/{duty}/submit?lang={language}", data=typed)
    assert answer.status_code == 422
    assert [word for word in words if word not in answer.text] == []
    assert "已检查两次" in answer.text


def test_programs_read_and_set_them(world: World) -> None:
    program = world.client("adam")
    limits = {"person_bytes": 10**9, "person_files": 900, "unit_bytes": None, "unit_files": 5000}
    address = "/api/v1/files/limits"
    assert program.get(address, headers={"Accept": "application/json"}).json["person_files"] == 5000
    assert program.put(address, json=limits).status_code == 428
    headers = as_read(program, address)
    assert program.put(address, json=limits, headers=headers).json == limits
    assert program.put(address, json=limits, headers=headers).status_code == 412
    assert program.put(address, json=limits | {"unit_files": 1.5}, headers=as_read(program, address)).status_code == 422
    assert world.client("cora").get(address).status_code == 404
