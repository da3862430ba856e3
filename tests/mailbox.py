"""A real SMTP server for tests: everything sent to it is kept, and it can be told to refuse."""

from __future__ import annotations

import email
import email.policy
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # aiosmtpd asks for an event loop the old way
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.canary import watch


@dataclass
class Mailbox:
    """What arrived, as sent (repeats included)."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    refuse_recipients: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    def ids(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        with self.lock:
            return Counter(str(message["Message-ID"]) for message in self.received)

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        """Take or refuse a recipient."""
        if address in self.refuse_recipients:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep a message."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self.lock:
            self.received.append(message)
        body = message.get_body(("plain", "html"))
        told = f"{message['To']} {message['Subject']} {message['Message-ID']}\n{body.get_content() if body else ''}"
        watch.scan_unread("mails", told.encode(), where=str(message["Subject"]))
        return "250 OK"


class _OnFreePort(Controller):
    """aiosmtpd checks its own start by connecting to the port it was given, which 0 is not."""

    def _trigger_server(self) -> None:
        if self.server is not None and self.server.sockets:
            self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mailbox_running() -> Iterator[Mailbox]:
    """Have a mail server on a free loopback port for the length of a block."""
    mailbox = Mailbox()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        controller = _OnFreePort(mailbox, hostname="127.0.0.1", port=0)
        controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
