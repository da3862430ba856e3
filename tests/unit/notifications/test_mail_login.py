"""The mail server's password is sent over TLS or not at all."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from duban.notifications.errors import NotSentError
from duban.notifications.mail import mail_server

PASSWORD = "geheim-4711"


class Server(socketserver.ThreadingTCPServer):
    """A mail server without TLS, or somebody in between who took the offer away; it keeps what it hears."""

    daemon_threads = True
    heard: list[str]


class Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for raw in self.rfile:
            line = raw.decode().strip()
            self.server.heard.append(line)
            word = line.partition(" ")[0].upper()
            said = {"EHLO": b"250-here\r\n250 AUTH PLAIN LOGIN\r\n", "AUTH": b"235 ok\r\n", "QUIT": b"221 bye\r\n"}
            self.wfile.write(said.get(word, b"250 ok\r\n"))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Talk) as made:
        made.heard = []
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def spoken(server: Server, user: str, **options: bool) -> list[str]:
    with mail_server(f"smtp://{user}127.0.0.1:{server.server_address[1]}", **options):
        pass
    return server.heard


def test_a_password_is_not_sent_in_the_clear(server: Server) -> None:
    with pytest.raises(NotSentError, match="STARTTLS"):
        spoken(server, f"duban:{PASSWORD}@")
    assert not [line for line in server.heard if line.upper().startswith("AUTH")]


def test_unless_the_installation_says_so(server: Server) -> None:
    """The control too: this server does hear a password that is sent."""
    assert [line for line in spoken(server, f"duban:{PASSWORD}@", plain_login=True) if line.upper().startswith("AUTH")]


def test_without_a_password_nothing_is_asked(server: Server) -> None:
    assert not [line for line in spoken(server, "") if line.upper().startswith("AUTH")]
