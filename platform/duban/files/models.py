"""The register of stored files."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk


class StoredFile(TenantTable, Placed, Base):
    """
    One attachment of one owner (a document, a version of a submission, …), at the owner's place.

    Several rows may share one `storage_key`: the same bytes attached again. A removed row stays, and so do its bytes.
    """

    __table_args__ = (
        tenant_fk("uploaded_by", "person"),
        CheckConstraint("size_bytes > 0", name="size"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "owner_kind", "owner_id"),
        Index(None, "tenant_id", "storage_key"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "uploaded_by", "uploaded_at"),
        lines_index("stored_file"),
    )

    owner_kind: Mapped[str]
    owner_id: Mapped[UUID]
    access_object: Mapped[str] = mapped_column(comment="the policy's object whose `read` decides who may open it")
    original_name: Mapped[str]
    storage_key: Mapped[str] = mapped_column(comment="random; owes nothing to the name")
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(comment="ours, judged by content; never the sender's word")
    digest: Mapped[str] = mapped_column(comment="algorithm:hexadecimal digits")
    uploaded_by: Mapped[UUID | None]
    uploaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[UUID | None]
