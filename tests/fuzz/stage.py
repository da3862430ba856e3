"""
A county where every operation of the API can succeed: for each, who does it, at which address, with which body.

Built through the API itself (scenes/). Held against the OpenAPI document by a test: an operation without a scene fails.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from tests.cast import World

API = "/api/v1"
JSON = {"Accept": "application/json"}
UNREAD = '"0"'

READ_AT: tuple[tuple[str, Callable[["Stage", re.Match[str]], str | None]], ...] = (
    (r"/duties/([^/]+)/draft", lambda _stage, m: f"/duties/{m[1]}/draft"),
    (r"/files/limits", lambda _stage, _m: "/files/limits"),
    (r"/ladders", lambda _stage, _m: "/ladders"),
    (r"/notices/(choice|hours)", lambda _stage, m: f"/notices/{m[1]}"),
    (r"/units/groups/([^/]+)", lambda _stage, m: f"/units/groups/{m[1]}"),
    (r"/units/([^/]+)/contacts", lambda _stage, m: f"/units/{m[1]}/contacts"),
    (r"/documents/[^/]+/files/([^/]+)", lambda _stage, m: f"/files/{m[1]}"),
    (r"/people/roles/([^/]+)/revoke", lambda stage, m: f"/people/{stage.holder.get(m[1], m[1])}"),
    (r"/scorecards/[^/]+/(?:self-)?marks", lambda _stage, _m: None),
    (r"/targets/([^/]+)/limit", lambda stage, m: None),
    (r"/operator/tenants/([^/]+)(?:/.*)?", lambda _stage, m: f"/operator/tenants/{m[1]}"),
    (r"/(duties|matters|meetings|requirements|forms|extensions|units|people|letters|dispatches|receipts|programmes|documents|assessments|scorecards|vetoes|proposals)/([^/]+)(?:/.*)?",
     lambda _stage, m: f"/{m[1]}/{m[2]}"),
)  # fmt: skip
"""Where the ETag for a change is read, by the address of the change; None: the version is known (0, 1)."""

OTHER_DOOR = "/operator/"
"""The operator's API has sessions of its own: see tests/fuzz/scenes/console.py."""


@dataclass
class Scene:
    """One request that succeeds."""

    who: str
    address: str
    body: Any = None
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)


class Stage:
    """The county, its clients by person, and the scenes by "METHOD /path/{template}"."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clients: dict[str, FlaskClient] = {}
        self.scenes: dict[str, Scene] = {}
        self.holder: dict[str, str] = {}
        self.ids: dict[str, list[str]] = {}
        self.units = {key: str(value) for key, value in world.units.items()}
        self.people = {key: str(value) for key, value in world.people.items()}
        self.console: Any = None

    def client(self, who: str) -> FlaskClient:
        """One client per person."""
        return self.clients[who] if who in self.clients else self.sign_in(who)

    def sign_in(self, who: str) -> FlaskClient:
        """A fresh session instead of the one there may be."""
        if who.startswith("op-"):
            return self.console.sign_in(who)
        self.clients[who] = self.world.client(who)
        return self.clients[who]

    def etag(self, who: str, address: str) -> str:
        """Read what a change at this address needs as If-Match."""
        path = address.removeprefix(API)
        for pattern, place in READ_AT:
            if match := re.fullmatch(pattern, path):
                where = place(self, match)
                if where is None:  # known beforehand
                    return self.known.get(path, UNREAD)
                return self.client(who).get(f"{API}{where}", headers=JSON).headers.get("ETag", UNREAD)
        return UNREAD

    known: dict[str, str] = {}

    def send(self, method: str, scene: Scene, **headers: str) -> Any:
        """Send a scene's request as it stands, with the right If-Match unless another is given."""
        given = JSON | {"If-Match": self.etag(scene.who, scene.address)} | headers
        if scene.files:
            data = {name: (io.BytesIO(content), filename) for name, (content, filename) in scene.files.items()}
            return self.client(scene.who).open(
                scene.address, method=method, data=data, content_type="multipart/form-data", headers=given
            )
        return self.client(scene.who).open(scene.address, method=method, json=scene.body, headers=given)

    def do(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Take a step of the story; it must succeed."""
        answer = self.send(method, Scene(who, f"{API}{path}", body))
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json if answer.data else None

    def plan(self, operation: str, who: str, path: str, body: Any = None, **more: Any) -> None:
        """Keep a request for later: `operation` is "METHOD /path/{template}" without the prefix."""
        self.scenes[operation] = Scene(who, f"{API}{path}", body, **more)
        template = operation.split(" ", 1)[1]
        names = re.findall(r"{(\w+)}", template)
        found = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", template), path.partition("?")[0])
        for name, value in zip(names, found.groups() if found else (), strict=True):
            if value not in self.ids.setdefault(name, []):
                self.ids[name].append(value)
