"""
What the person on duty must know now: `/readyz`, the operator's page and the metrics all ask here.

Silence is judged against the last sign of life: a process that died, hangs or was stopped looks the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from duban.kernel import backup_runs, figures
from duban.kernel.migrating import newest_revision
from duban.kernel.queue import UnsafeQueueError, check_queue
from duban.kernel.runtime import Runtime
from duban.kernel.text import N_, Text

SILENCE_ALLOWED = timedelta(seconds=45)
"""The worker gives a sign of life every 10 to 15 s, the clock every round (20 s): an alarm is up within 45 s of a death."""
LATENESS_ALLOWED = timedelta(minutes=5)
WATCHED = ("clock", "worker")
OK = "ok"

_SILENT = {
    "clock": N_("定时进程（clock）没有动静：到期提醒、催报和夜间备份不会发生。请查看它的日志并重新启动。"),
    "worker": N_("后台进程（worker）没有动静：消息由定时进程代发，会慢一些。请查看它的日志并重新启动。"),
}
_NOT_OK = {
    "database": N_("连不上数据库：所有页面都打不开。请检查 PostgreSQL 服务。"),
    "schema": N_("数据库结构与程序版本不一致。请运行 duban migrate。"),
    "redis": N_("连不上 Redis：消息由定时进程代发，会慢一些，不会丢失。请检查 Redis 服务。"),
}


@dataclass(frozen=True)
class Alarm:
    """Something to act on. A critical one also turns `/readyz` to 503; `since` is when it was last well, if known."""

    code: str
    text: Text
    is_critical: bool
    since: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How the installation stands: each part's check ("ok" or what is wrong), and what to act on, critical first."""

    checks: Mapping[str, str]
    alarms: Sequence[Alarm]

    @property
    def is_ready(self) -> bool:
        """Tell that nothing critical is wrong."""
        return not any(alarm.is_critical for alarm in self.alarms)


def alarms(means: Runtime) -> Sequence[Alarm]:
    """List what is wrong with the installation, critical first; [] when all is well. Costs: as `standing_of`."""
    return standing_of(means).alarms


def standing_of(means: Runtime) -> Standing:
    """
    Look at database, schema, Redis, clock, worker, backups and the ledger of messages.

    Costs: five small statements and a PING; at most a few seconds when a server does not answer.
    """
    now = means.clock.now()
    queue, unsafe = _redis(means)
    checks = {"database": OK, "redis": queue}
    beats: dict[str, datetime] = {}
    found: list[Alarm] = []
    try:
        checks |= _schema(means)
        beats = _beats(means)
        checks |= {name: OK if name in beats and now - beats[name] < SILENCE_ALLOWED else "silent" for name in WATCHED}
        found = [*_audit(means), *_backups(means, now), *_ledger(means)]
    except SQLAlchemyError:
        checks["database"] = "unreachable"
    critical = [
        Alarm(name, Text(_SILENT.get(name) or _NOT_OK[name]), is_critical=True, since=beats.get(name))
        for name, state in checks.items()
        if state != OK
    ]
    if unsafe:
        found.append(
            Alarm("queue_unsafe", Text(N_("消息队列的设置会丢失任务：%(reason)s"), {"reason": unsafe}), is_critical=False)
        )
    return Standing(checks=checks, alarms=[*critical, *found])


def _redis(means: Runtime) -> tuple[str, str]:
    """Give the queue's check, and what makes its settings unsafe ("" for nothing)."""
    if not means.settings.redis_url:
        return OK, ""
    client = Redis.from_url(means.settings.redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        client.ping()
        check_queue(client)
    except UnsafeQueueError as error:
        return OK, str(error)
    except RedisError:
        return "unreachable", ""
    finally:
        client.close()
    return OK, ""


def _schema(means: Runtime) -> dict[str, str]:
    with means.engine.connect() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    newest = newest_revision()
    return {"schema": OK if revision == newest else f"at {revision}, needs {newest}"}


def _beats(means: Runtime) -> dict[str, datetime]:
    with means.engine.connect() as connection:
        return {row.name: row.beat_at for row in connection.execute(text("SELECT name, beat_at FROM heartbeat"))}


ANCHORS_LOST = "the anchor file cannot be trusted: "
"""How the clock's reason begins where the chain may be whole and the anchor file is not what it was."""


def _audit(means: Runtime) -> Iterator[Alarm]:
    """The clock checks every tenant's chain of audit records every few minutes, and the operators'."""
    with means.engine.connect() as connection:
        broken = connection.execute(
            text("SELECT tenant_id, bad_seq, checked_at, reason FROM audit_check WHERE bad_seq IS NOT NULL ORDER BY tenant_id")
        ).all()
    lost = [row for row in broken if row.reason.startswith(ANCHORS_LOST)]
    if lost:
        words = N_("审计的库外存证文件丢失或被换成旧的：%(n)s 个租户的记录目前无从证明。请保留现场并运行 duban audit verify。")
        yield Alarm("anchors_lost", Text(words, {"n": len(lost)}), is_critical=False, since=min(row.checked_at for row in lost))
    for row in broken:
        if row in lost:
            continue
        words = N_("租户 %(tenant)s 的审计记录从第 %(n)s 条起与存证不符。请保留现场并运行 duban audit verify。")
        yield Alarm(
            "audit", Text(words, {"tenant": str(row.tenant_id), "n": row.bad_seq}), is_critical=False, since=row.checked_at
        )
    bad, at = figures.read_figures(means.engine).get(figures.OPERATOR_ACTS_BAD, (0, None))
    if bad:
        words = N_("运维人员的操作记录从第 %(n)s 条起与存证不符，或存证已丢失。请保留现场并运行 duban audit verify。")
        yield Alarm("audit_operators", Text(words, {"n": int(bad)}), is_critical=False, since=at)


def _backups(means: Runtime, now: datetime) -> Iterator[Alarm]:
    """A demonstration needs no backup unless it is told to make one."""
    if means.settings.demo and not means.settings.backup_at:
        return
    state = backup_runs.standing(means.engine)
    allowed = timedelta(hours=means.settings.backup_max_age_hours)
    if state.failed_at is not None:
        said = Text(N_("最近一次备份失败：%(reason)s"), {"reason": state.failed_because})
        yield Alarm("backup_failed", said, is_critical=False, since=state.good_at)
    if state.good_at is None:
        yield Alarm("backup_missing", Text(N_("还没有一份完好的备份。请运行 duban backup 并设置每日备份。")), is_critical=False)
    elif now - state.good_at > allowed:
        said = Text(
            N_("最近一份完好的备份已超过 %(hours)s 小时。请查看定时进程的日志。"), {"hours": means.settings.backup_max_age_hours}
        )
        yield Alarm("backup_stale", said, is_critical=False, since=state.good_at)


def _ledger(means: Runtime) -> Iterator[Alarm]:
    known = figures.read_figures(means.engine)
    late, _ = known.get(figures.EFFECTS_LATENESS_SECONDS, (0, None))
    if late > LATENESS_ALLOWED.total_seconds():
        said = Text(N_("有消息应发未发已 %(minutes)s 分钟。请查看后台进程和邮件服务器。"), {"minutes": int(late // 60)})
        yield Alarm("messages_late", said, is_critical=False)
    dead, _ = known.get(figures.EFFECTS_DEAD, (0, None))
    if dead:
        said = Text(N_("有 %(n)s 条消息多次发送失败，已停止重试。请检查邮箱地址和邮件服务器。"), {"n": int(dead)})
        yield Alarm("messages_dead", said, is_critical=False)
