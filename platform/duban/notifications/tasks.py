"""Delivering what is due, for one tenant at a time. Safe to run twice, in parallel, and to be killed anywhere."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from duban.identity.models import Person
from duban.kernel.jobs import Periodic
from duban.kernel.logs import get_logger
from duban.kernel.runtime import Runtime
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, unit_of_work
from duban.kernel.text import N_
from duban.notifications import digests, operations
from duban.notifications.mail import compose, mail_server, message_id
from duban.notifications.models import Effect
from duban.notifications.operations import Claim, Fresh, Freshen, StillWanted
from duban.notifications.rules import say
from duban.notifications.states import Channel, EffectState

log = get_logger(__name__)

IN_APP_BATCH = 50
EMAIL_BATCH = 2
"""Few: each may take `mail.TIMEOUT_SECONDS`, and all must be sent before the lease ends."""
MAIL_TEXT = N_("%(message)s\n\n打开：%(link)s\n\n%(tenant)s · 督办系统自动发送，请勿回复。")
DIGEST_FOOT = N_("%(tenant)s · 督办系统每日汇总，自动发送，请勿回复。\n更改接收方式：%(link)s")


@dataclass(frozen=True)
class Courier:
    """What delivering needs: the process's means, the features' say on what is still wanted, and the languages."""

    runtime: Runtime
    translations: Callable[[str], Callable[[str], str]]
    """Gives the translating function of a locale."""
    still_wanted: Mapping[str, StillWanted] = field(default_factory=dict)
    """By subject kind; kinds not named are always wanted."""
    freshen: Mapping[str, Freshen] = field(default_factory=dict)
    """By subject kind; kinds not named are said as they were written."""
    group_of: Mapping[str, digests.GroupOf] = field(default_factory=dict)
    """By subject kind; kinds not named are news."""

    @property
    def lease(self) -> timedelta:
        """How long a claim holds."""
        return timedelta(seconds=self.runtime.settings.lease_seconds)

    def work(self, tenant: TenantInfo) -> AbstractContextManager[Scope]:
        """Open a unit of work of the service itself in a tenant."""
        return unit_of_work(self.runtime.engine, tenant=tenant, actor=SYSTEM, now=self.runtime.clock.now())

    def wants(self, scope: Scope, effect: Effect) -> bool:
        """Ask the feature the message is about."""
        check = self.still_wanted.get(effect.subject_kind)
        return check is None or check(scope, effect)

    def fresh(self, scope: Scope, effect: Effect) -> Fresh | None:
        """Ask the feature the message is about how it is said now."""
        say_now = self.freshen.get(effect.subject_kind)
        return say_now(scope, effect) if say_now else None

    def group(self, scope: Scope, effect: Effect) -> digests.Group:
        """Ask the feature the message is about for its heading in the mail of the day."""
        choose = self.group_of.get(effect.subject_kind)
        return choose(scope, effect) if choose else digests.Group.NEWS


def deliver(courier: Courier, tenant: TenantInfo) -> dict[EffectState | None, int]:
    """
    Deliver everything due in a tenant. Gives the outcomes counted; None counts claims lost to another worker.

    Costs: a transaction for each claim of a batch, one for each batch of in-app messages and for each e-mail.
    """
    outcomes: dict[EffectState | None, int] = {}
    for channel, batch, send in ((Channel.IN_APP, IN_APP_BATCH, _send_in_app), (Channel.EMAIL, EMAIL_BATCH, _send_mails)):
        while True:
            with courier.work(tenant) as scope:
                claims = operations.claim(scope, channel=channel, limit=batch, lease=courier.lease)
            if not claims:
                break
            for outcome in send(courier, tenant, claims):
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
    if outcomes:
        log.info("delivered", tenant=tenant.slug, **{outcome or "lost": count for outcome, count in outcomes.items()})
    return outcomes


def _send_in_app(courier: Courier, tenant: TenantInfo, claims: list[Claim]) -> list[EffectState | None]:
    with courier.work(tenant) as scope:
        return [
            operations.settle(
                scope, held=held, still_wanted=courier.wants, have_effect=operations.put_in_inbox, freshen=courier.fresh
            )
            for held in claims
        ]


def _send_mails(courier: Courier, tenant: TenantInfo, claims: list[Claim]) -> list[EffectState | None]:
    if courier.runtime.settings.smtp_url:
        return [_send_mail(courier, tenant, held) for held in claims]
    with courier.work(tenant) as scope:
        for held in claims:
            operations.cancel(scope, held=held, reason="no mail server is set (DUBAN_SMTP_URL)")
    return [EffectState.CANCELLED] * len(claims)


def _send_mail(courier: Courier, tenant: TenantInfo, held: Claim) -> EffectState | None:
    """One transaction per mail: a kill between the server's "ok" and the commit repeats this one only, under the same id."""
    with courier.work(tenant) as scope:
        return operations.settle(
            scope, held=held, still_wanted=courier.wants, have_effect=partial(_mail, courier), freshen=courier.fresh
        )


def _mail(courier: Courier, scope: Scope, effect: Effect, person: Person) -> bool:
    """Send one mail. Gives: False where a mail of the day has nothing left to say."""
    translate = courier.translations(person.locale)
    if effect.subject_kind == digests.KIND:
        return _mail_digest(courier, scope, effect, person)
    subject = say(effect.template, effect.params, translate=translate, locale=person.locale, zone=scope.zone)
    body = translate(MAIL_TEXT) % {"message": subject, "link": _address(courier, effect.link), "tenant": scope.tenant.name}
    _send(courier, scope, effect, person, subject=subject, body=body)
    return True


def _mail_digest(courier: Courier, scope: Scope, digest: Effect, person: Person) -> bool:
    """Ask of each part whether it is still true, say it as of now under its heading, and mark all parts with the mail."""
    translate = courier.translations(person.locale)
    said: list[tuple[digests.Group, digests.Item]] = []
    sent: list[Effect] = []
    for part in digests.parts_of(scope, digest):
        if not operations.is_wanted(scope, part, courier.wants):
            operations.end_part(scope, part, EffectState.CANCELLED)
            continue
        operations.renew(scope, part, courier.fresh)
        words = say(part.template, part.params, translate=translate, locale=person.locale, zone=scope.zone)
        said.append((courier.group(scope, part), digests.Item(words, _address(courier, part.link))))
        sent.append(part)
    groups = digests.arranged(said)
    if not groups:
        return False
    digest.params = {"tenant": scope.tenant.name, "n": sum(len(items) for items in groups.values())}
    subject = say(digest.template, digest.params, translate=translate, locale=person.locale, zone=scope.zone)
    parts = [
        "\n".join([f"【{translate(digests.GROUP_LABELS[group])}】", *(f"· {item.words}\n  {item.link}" for item in items)])
        for group, items in groups.items()
    ]
    foot = translate(DIGEST_FOOT) % {"tenant": scope.tenant.name, "link": _address(courier, "/account/notices")}
    _send(courier, scope, digest, person, subject=subject, body="\n\n".join([*parts, foot]))
    for part in sent:
        operations.end_part(scope, part, EffectState.DONE)
    return True


def _address(courier: Courier, link: str) -> str:
    return courier.runtime.settings.base_url.rstrip("/") + (link or "/")


def _send(courier: Courier, scope: Scope, effect: Effect, person: Person, *, subject: str, body: str) -> None:
    settings = courier.runtime.settings
    message = compose(
        sender=settings.mail_from,
        to=person.email,
        subject=subject,
        body=body,
        identity=message_id(tenant_id=scope.tenant_id, effect_id=effect.id, sender=settings.mail_from),
        at=scope.now,
    )
    with mail_server(settings.smtp_url, plain_login=settings.smtp_plain_login) as server:
        server.send_message(message)


PERIODIC = (Periodic("notices.digests", timedelta(minutes=1), digests.gather),)
"""What the clock does for messages in every tenant, besides delivering."""
