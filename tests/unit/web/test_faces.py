"""The frame: languages, headers, static files, templates that keep to the rules."""

import gzip
import re
from pathlib import Path

import pytest

from duban.web.navigation import NavEntry, visible_groups
from tests.e2e.gallery.app import make_gallery

ROOT = Path(__file__).parents[3] / "platform" / "duban"
TEMPLATES = sorted(ROOT.rglob("templates/**/*.html"))
SPRITE = (ROOT / "web/static/img/icons.svg").read_text()


@pytest.fixture(scope="module")
def client():
    return make_gallery().test_client()


class TestLanguage:
    def test_chinese_without_any_wish(self, client):
        assert 'lang="zh-CN"' in client.get("/sign-in").text

    def test_the_browsers_wish(self, client):
        assert 'lang="en"' in client.get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.8"}).text

    def test_the_address_wins_and_is_remembered(self):
        client = make_gallery().test_client()
        assert "Sign in" in client.get("/sign-in?lang=en", headers={"Accept-Language": "zh-CN"}).text
        assert "Sign in" in client.get("/sign-in", headers={"Accept-Language": "zh-CN"}).text

    def test_an_unknown_language_is_ignored(self, client):
        answer = client.get("/sign-in?lang=<x>")
        assert 'lang="zh-CN"' in answer.text
        assert "Set-Cookie" not in answer.headers


class TestHeaders:
    def test_policy_allows_nothing_inline(self, client):
        policy = client.get("/sign-in").headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy

    def test_pages_are_not_stored_errors_included(self, client):
        for address in ("/sign-in", "/nowhere"):
            answer = client.get(address)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


class TestStatic:
    def test_compressed_for_who_can_read_it(self, client):
        with client.get("/static/css/duban.css") as plain:
            plain.get_data()
        slim = client.get("/static/css/duban.css", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(slim.data) == plain.data
        assert len(slim.data) < len(plain.data) / 3

    def test_kept_while_unchanged(self, client):
        first = client.get("/static/css/duban.css", headers={"Accept-Encoding": "gzip"})
        again = client.get("/static/css/duban.css", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert "immutable" in client.get("/static/css/duban.css?v=1").headers["Cache-Control"]

    def test_no_way_out_of_the_folder(self, client):
        assert client.get("/static/../i18n.py", headers={"Accept-Encoding": "gzip"}).status_code == 404

    def test_the_first_page_is_light(self, client):
        page = client.get("/sign-in")
        files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)) | {
            "/static/img/icons.svg",
            "/static/js/confirm.js",
            "/static/js/phrases.js",
        }
        bytes_sent = len(page.data)
        for file in files:
            with client.get(file, headers={"Accept-Encoding": "gzip"}) as answer:
                bytes_sent += len(answer.data)
        assert bytes_sent < 200_000


class TestNavigation:
    def test_only_what_the_person_may_do_in_the_order_of_groups(self):
        entries = [
            NavEntry(label="c", endpoint="c.x", icon="x", group="考核"),
            NavEntry(label="b", endpoint="b.x", icon="x", order=2),
            NavEntry(label="a", endpoint="a.x", icon="x", order=1),
            NavEntry(label="d", endpoint="d.x", icon="x", condition=lambda _scope: False),
        ]
        assert [(group, [entry.label for entry in members]) for group, members in visible_groups(entries, None)] == [
            ("工作", ["a", "b"]),
            ("考核", ["c"]),
        ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
class TestTemplates:
    def test_nothing_inline(self, template):
        text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
        assert not re.search(r"""\sstyle\s*=\s*["']|<style|\son[a-z]+\s*=\s*["']|javascript:""", text)
        assert not re.search(r'<script(?![^>]*(src=|type="application/json"))', text)

    def test_every_icon_is_in_the_sprite(self, template):
        text = template.read_text()
        names = re.findall(r"""icon\("([a-z0-9-]+)""", text) + re.findall(r"""icon_name="([a-z0-9-]+)""", text)
        assert [name for name in names if f'id="{name}"' not in SPRITE] == []
        assert 'class="ti ' not in text

    def test_chinese_is_marked_for_translation(self, template):
        if template.parts[-2] == "macros" and template.name == "ui.html":
            return
        text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|<!--.*?-->", "", template.read_text(), flags=re.DOTALL)
        assert re.findall(r"[\u4e00-\u9fff]{2,}", text) == []
