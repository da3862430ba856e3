"""What can be wrong with a tenant as a whole."""

from duban.kernel.errors import NotAllowedError
from duban.kernel.text import N_


class TenantSuspendedError(NotAllowedError):
    """The operator has closed the tenant for now; its people are told why."""

    code = "tenant-suspended"

    def __init__(self, reason: str) -> None:
        super().__init__(
            N_("本系统已暂停使用：%(reason)s　您的数据完好无损，恢复后可以接着做；如有疑问，请联系服务运维人员。"), reason=reason
        )
