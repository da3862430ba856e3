"""The hash over an audit row: canonical, length-prefixed, so that no two rows can look alike. Pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ALGORITHM = "sha256"
GENESIS = f"{ALGORITHM}:{'0' * 64}"

_as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def digest(
    *,
    previous: str,
    tenant_id: UUID,
    seq: int,
    at: datetime,
    actor_id: UUID | None,
    actor_name: str,
    act: str,
    subject_kind: str,
    subject_id: UUID,
    unit_path: str | None,
    details: Mapping[str, Any],
) -> str:
    """Give `algorithm:hex` over the row and the hash before it."""
    parts = (
        previous,
        str(tenant_id),
        str(seq),
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(actor_id or ""),
        actor_name,
        act,
        subject_kind,
        str(subject_id),
        "" if unit_path is None else f"={unit_path}",
        _as_json(details),
    )
    framed = bytearray()
    for part in parts:
        raw = part.encode()
        framed += len(raw).to_bytes(8, "big")
        framed += raw
    return f"{ALGORITHM}:{hashlib.sha256(framed).hexdigest()}"
