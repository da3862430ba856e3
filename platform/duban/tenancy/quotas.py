"""
Quotas: how many people, files and bytes a tenant may have, and how much of it each person and unit in a year.

The database counts and refuses (migrations 0014 and 0028), whoever writes; here its refusal becomes a sentence for the
tenant's person.
"""

import json
from typing import ClassVar, Protocol

from sqlalchemy import Engine, event, select
from sqlalchemy.engine import ExceptionContext

from duban.kernel.errors import RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.tenancy.models import TenantQuota, TenantUsage

_GIB = 1024**3


class QuotaReachedError(RuleBrokenError):
    """The tenant may not have more of this."""

    code: ClassVar[str] = "quota-reached"


class PeopleQuotaError(QuotaReachedError):
    """No more people."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_("本系统最多可有 %(limit)s 个有效账号，已有 %(used)s 个，没有添加。请停用不需要的账号，或请服务运维人员增加配额。"),
            limit=limit,
            used=used,
        )


class StorageQuotaError(QuotaReachedError):
    """No more bytes."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_("本系统的附件空间共 %(limit)s，已用 %(used)s，放不下这个文件，没有保存。请联系服务运维人员增加配额。"),
            limit=in_gib(limit),
            used=in_gib(used),
        )


class FilesQuotaError(QuotaReachedError):
    """No more files."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_("本系统最多可存 %(limit)s 个附件，已有 %(used)s 个，这个文件没有保存。请联系服务运维人员增加配额。"),
            limit=limit,
            used=used,
        )


class UploadLimitError(QuotaReachedError):
    """A person or a unit has had its share of this year."""

    code: ClassVar[str] = "upload-limit-reached"


class PersonBytesError(UploadLimitError):
    """No more bytes of this person this year."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_(
                "您今年已上传 %(used)s 附件，每人每年最多 %(limit)s，放不下这个文件，没有保存。"
                "请把图片、扫描件压缩后再传；确实不够，请联系本系统的系统管理员调整“附件限额”。"
            ),
            limit=in_gib(limit),
            used=in_gib(used),
        )


class PersonFilesError(UploadLimitError):
    """No more files of this person this year."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_(
                "您今年已上传 %(used)s 个附件，每人每年最多 %(limit)s 个，这个文件没有保存。"
                "请把零散文件合并后再传；确实不够，请联系本系统的系统管理员调整“附件限额”。"
            ),
            limit=limit,
            used=used,
        )


class UnitBytesError(UploadLimitError):
    """No more bytes for this unit this year."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_(
                "这个单位今年已有 %(used)s 附件，每个单位每年最多 %(limit)s，放不下这个文件，没有保存。"
                "请把图片、扫描件压缩后再传；确实不够，请联系本系统的系统管理员调整“附件限额”。"
            ),
            limit=in_gib(limit),
            used=in_gib(used),
        )


class UnitFilesError(UploadLimitError):
    """No more files for this unit this year."""

    def __init__(self, *, limit: int, used: int) -> None:
        super().__init__(
            N_(
                "这个单位今年已有 %(used)s 个附件，每个单位每年最多 %(limit)s 个，这个文件没有保存。"
                "请把零散文件合并后再传；确实不够，请联系本系统的系统管理员调整“附件限额”。"
            ),
            limit=limit,
            used=used,
        )


class _Kind(Protocol):
    def __call__(self, *, limit: int, used: int) -> QuotaReachedError: ...


_BY_CONSTRAINT: dict[str, _Kind] = {
    "quota_people": PeopleQuotaError,
    "quota_storage": StorageQuotaError,
    "quota_files": FilesQuotaError,
    "upload_person_bytes": PersonBytesError,
    "upload_person_files": PersonFilesError,
    "upload_unit_bytes": UnitBytesError,
    "upload_unit_files": UnitFilesError,
}


def in_gib(size_bytes: int) -> str:
    """Write a number of bytes for people: GB from one upwards, MB below."""
    return f"{size_bytes / _GIB:.2f} GB" if size_bytes >= _GIB else f"{size_bytes / 1024**2:.1f} MB"


@event.listens_for(Engine, "handle_error")
def _say_which_quota(context: ExceptionContext) -> None:
    """Raise the sentence instead of the database's error, wherever the statement came from."""
    diagnosis = getattr(context.original_exception, "diag", None)
    kind = _BY_CONSTRAINT.get(getattr(diagnosis, "constraint_name", None) or "")
    if kind is not None and diagnosis is not None:
        figures = json.loads(diagnosis.message_detail)
        raise kind(limit=figures["limit"], used=figures["used"]) from context.original_exception


def check_storage(scope: Scope, added_bytes: int) -> None:
    """
    Refuse what obviously does not fit before its bytes are written; the database has the last word when the row is.

    Raises: StorageQuotaError. Costs: one query.
    """
    row = scope.session.execute(
        select(TenantUsage.storage_bytes, TenantQuota.storage_limit_bytes)
        .join(TenantQuota, TenantQuota.tenant_id == TenantUsage.tenant_id)
        .where(TenantUsage.tenant_id == scope.tenant_id)
    ).one_or_none()
    if row is not None and row.storage_limit_bytes is not None and row.storage_bytes + added_bytes > row.storage_limit_bytes:
        raise StorageQuotaError(limit=row.storage_limit_bytes, used=row.storage_bytes)
