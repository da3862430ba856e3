"""Goal D5 through the doors: what a browser sends as a file's name comes back with the file, as it was or in its documented form."""

import re
from urllib.parse import unquote

import pytest

from duban.files.models import StoredFile
from duban.files.names import LONGEST_BYTES, clean_name
from duban.kernel.scope import owned
from tests.cast import World

BOUNDARY = "x9x9x9"
HARMLESS = (
    "整改报告", "城北街道2011年“安全生产年”实施方案(定稿)【终】", "府办发〔2011〕68号", "报告 最终版", "日本語", "한국어", "ünïcode", "😀", "👩‍👧".replace("\u200d", ""),
    "١٢٣", "تقرير", "דוח", "a b-c_d.e", "100%", "a&b", "a'b", "a;b", "a,b", "(1)", "a=b", "a+b", "@名单", "#1", "~x", "$x", "！？", "㎡", "𠮷野家", "ǆ", "名.tar",
    "报告－定稿", "第1稿·终", "%41%42", "&#25991;", "{x}", "[y]",
)  # fmt: skip
HARMFUL = (
    "", ".", "..", "...", "   ", "con", "COM1", "报\x00告", "报告\r\nSet-Cookie: a=b", "\u202efdp", "报\u200b告", 'a"b<c>d|e?f*g:h',
    "e\u0301", "督" * 85, "a" * 251, "\x1b[31m", "..\\..\\x", "a/b/c", "\ud800",
)  # fmt: skip
WRAPS = ("{}.txt", "{}.TXT", "C:\\fakepath\\{}.txt", "../../{}.txt")
NAMES = [wrap.format(stem) for stem in (*HARMLESS, *HARMFUL) for wrap in WRAPS]


def as_sent(name: str) -> str:
    """How a name is written into a form's part: line ends as percent codes (HTML), quotes and backslashes escaped (RFC 2183)."""
    return re.sub(r'(["\\])', r"\\\1", kept(name))


def kept(name: str) -> str:
    """What is left of a name that has passed through a form's part."""
    return name.replace("\r", "%0D").replace("\n", "%0A")


def shown(header: str) -> str:
    """The name under which a browser saves what comes with this Content-Disposition."""
    assert "\r" not in header
    assert "\n" not in header
    found = re.fullmatch(r"attachment; filename=\"[A-Za-z0-9 ._-]+\"; filename\*=UTF-8''([A-Za-z0-9%._~-]+)", header)
    assert found, header
    return unquote(found[1], errors="strict")


def round_trip(world: World, names: list[str]) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Upload and download under each name; gives what was expected and came back, and the names refused."""
    browser, found, refused, here = world.client("cora"), {}, [], ""
    for number, name in enumerate(names):
        if number % 25 == 0:
            paper = {"unit_id": str(world.units["C"]), "title": "附件", "issuer": "县"}
            here = browser.post("/api/v1/documents", json=paper).json["id"]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{as_sent(name)}"\r\n\r\n'
        body = head.encode("utf-8", "surrogatepass") + f"第{number}个文件\r\n--{BOUNDARY}--\r\n".encode()
        answer = browser.post(
            f"/api/v1/documents/{here}/files", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
        )
        if answer.status_code != 201:
            assert 400 <= answer.status_code < 500, f"{name!r}: {answer.status_code}"
            refused.append(name)
            continue
        with browser.get(f"/api/v1/files/{answer.json['id']}/content") as sent:
            assert sent.data.decode() == f"第{number}个文件"
            saved = shown(sent.headers["Content-Disposition"])
        assert saved == answer.json["name"]
        assert len(saved.encode()) <= LONGEST_BYTES
        found[name] = (clean_name(kept(name)), saved)
    return found, refused


def check(world: World, names: list[str]) -> None:
    found, refused = round_trip(world, names)
    with world.as_("cora") as scope:
        keys = [row.storage_key for row in scope.session.scalars(owned(scope, StoredFile))]
    print(
        f"{len(names)} names: {len(found)} kept, {sum(name == saved for name, (_, saved) in found.items())} as sent, refused {refused}"
    )
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}
    assert [name for name in names if name.removesuffix(".txt") in HARMLESS and found.get(name, ("", ""))[1] != name] == []
    assert all(re.search("[\x00\ud800]", name) for name in refused), refused
    assert all(re.fullmatch(r"[0-9a-f-]{36}/[0-9a-f]{2}/[0-9a-f]{64}", key) for key in keys), "stored under what was sent"
    assert len(set(keys)) == len(found)


def test_there_are_two_hundred_names() -> None:
    assert len(set(NAMES)) >= 200
    assert max(len(name.encode("utf-8", "surrogatepass")) for name in NAMES) >= 255


def test_some_names_come_back(world: World) -> None:
    check(world, NAMES[::5])


@pytest.mark.nightly
def test_nightly_all_names_come_back(world: World) -> None:
    check(world, NAMES)


def test_control_a_name_that_is_changed_on_the_way_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duban.files.operations.clean_name", lambda raw: re.sub(r"[^\w.]", "_", clean_name(raw)))
    found, _ = round_trip(world, ["报告 最终版.txt"])
    assert [saved for expected, saved in found.values() if expected != saved] == ["报告_最终版.txt"]
