"""Sending one e-mail through the installation's mail server."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit
from uuid import UUID

from duban.notifications.errors import NotSentError

TIMEOUT_SECONDS = 10
DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


def message_id(*, tenant_id: UUID, effect_id: UUID, sender: str) -> str:
    """Give the id that every copy of this message bears, so that mail systems and people recognise a second one."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{effect_id.hex}.{tenant_id.hex}@{domain}>"


def compose(*, sender: str, to: str, subject: str, body: str, identity: str, at: datetime) -> EmailMessage:
    """Build a plain-text message. Line breaks in the subject become blanks: a header must not be split."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"], message["To"] = sender, to
    message["Subject"] = " ".join(subject.split())
    message["Date"], message["Message-ID"] = format_datetime(at), identity
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body, cte="base64")
    return message


@contextmanager
def mail_server(url: str, *, plain_login: bool = False) -> Iterator[smtplib.SMTP]:
    """
    Connect to smtp://user:password@host:port (STARTTLS when offered) or smtps://… for the length of a block.

    Where a password is to be sent, STARTTLS must be offered: somebody in between can take the offer away. `plain_login` sends
    it in the clear all the same, for a server on this machine.
    Raises: NotSentError for everything that goes wrong on the way, inside the block too.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or DEFAULT_PORTS[parts.scheme]
    try:
        with _connect(parts.scheme, host, port) as server:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            elif parts.scheme == "smtp" and parts.username and not plain_login:
                raise NotSentError("the mail server offers no STARTTLS, so the password was not sent; see DUBAN_SMTP_PLAIN_LOGIN")
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server
    except (smtplib.SMTPException, OSError) as error:
        raise NotSentError(str(error)) from error


def _connect(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
