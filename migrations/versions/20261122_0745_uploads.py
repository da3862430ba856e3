"""Limits on files: how many a tenant may have, and how much of bytes and files each person and each unit in a year [D7]."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, open_to_owner

revision = "0028_uploads"
down_revision = "0027_reply_rights"

GIB = 1024**3
INDEX = "ix_stored_file_tenant_id_uploaded_by_uploaded_at"
DEFAULTS = {"person_bytes": 5 * GIB, "person_files": 5_000, "unit_bytes": 20 * GIB, "unit_files": 20_000}

# As people and bytes are counted since migration 0014; the same bytes attached a second time are no new file. A tenant from before
# is counted through once, with its next file, under the lock of its usage row: not here, where it would take as long as it takes.
COUNT_FILES = """
CREATE FUNCTION count_new_files() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one record;
    used bigint;
    most bigint;
BEGIN
    FOR one IN
        SELECT kept.tenant_id AS tenant, count(*) AS added
        FROM (SELECT DISTINCT f.tenant_id, f.storage_key FROM fresh f
              WHERE NOT EXISTS (SELECT 1 FROM public.stored_file s
                                WHERE s.tenant_id = f.tenant_id AND s.storage_key = f.storage_key
                                  AND NOT EXISTS (SELECT 1 FROM fresh g WHERE g.tenant_id = s.tenant_id AND g.id = s.id))) kept
        GROUP BY kept.tenant_id
    LOOP
        UPDATE public.tenant_usage
        SET files = coalesce(files + one.added, (SELECT count(DISTINCT s.storage_key) FROM public.stored_file s WHERE s.tenant_id = one.tenant))
        WHERE tenant_id = one.tenant RETURNING files INTO used;
        SELECT files_limit INTO most FROM public.tenant_quota WHERE tenant_id = one.tenant;
        IF used > most THEN
            RAISE EXCEPTION 'quota of files reached' USING ERRCODE = 'check_violation', CONSTRAINT = 'quota_files',
                TABLE = 'tenant_quota', DETAIL = json_build_object('limit', most, 'used', used - one.added, 'added', one.added)::text;
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""

# Asked before each new file is written down. Uploads of a tenant wait for each other at its usage row, which the counting
# locks anyway, so each sees what the one before has committed. Summed up, not counted along: nothing can drift, and a file
# brought in from an archive (which does without this trigger) counts from then on like any other.
KEEP_LIMITS = """
CREATE FUNCTION keep_upload_limits() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    most record;
    theirs record;
    its record;
    beyond record;
    began timestamptz;
BEGIN
    SELECT * INTO most FROM public.upload_limit WHERE tenant_id = NEW.tenant_id;
    IF NOT FOUND OR EXISTS (
        SELECT 1 FROM public.stored_file s WHERE s.tenant_id = NEW.tenant_id AND s.storage_key = NEW.storage_key
    ) THEN
        RETURN NEW;
    END IF;
    PERFORM 1 FROM public.tenant_usage WHERE tenant_id = NEW.tenant_id FOR UPDATE;
    SELECT date_trunc('year', NEW.uploaded_at AT TIME ZONE t.time_zone) AT TIME ZONE t.time_zone INTO began
    FROM public.tenant t WHERE t.id = NEW.tenant_id;
    SELECT coalesce(sum(one.size_bytes), 0)::bigint AS bytes, count(*) AS files INTO theirs
    FROM (SELECT DISTINCT ON (storage_key) size_bytes FROM public.stored_file s
          WHERE s.tenant_id = NEW.tenant_id AND s.uploaded_by = NEW.uploaded_by AND s.uploaded_at >= began) one;
    SELECT coalesce(sum(one.size_bytes), 0)::bigint AS bytes, count(*) AS files INTO its
    FROM (SELECT DISTINCT ON (storage_key) size_bytes FROM public.stored_file s
          WHERE s.tenant_id = NEW.tenant_id AND s.path = NEW.path AND s.uploaded_at >= began) one;
    FOR beyond IN
        SELECT one.* FROM (VALUES
            ('upload_person_bytes', most.person_bytes, theirs.bytes, NEW.size_bytes), ('upload_person_files', most.person_files, theirs.files, 1),
            ('upload_unit_bytes', most.unit_bytes, its.bytes, NEW.size_bytes), ('upload_unit_files', most.unit_files, its.files, 1)
        ) AS one (name, most, used, added)
        WHERE one.used + one.added > one.most
    LOOP
        RAISE EXCEPTION 'limit % reached', beyond.name USING ERRCODE = 'check_violation', CONSTRAINT = beyond.name,
            TABLE = 'upload_limit',
            DETAIL = json_build_object('limit', beyond.most, 'used', beyond.used, 'added', beyond.added)::text;
    END LOOP;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Building it holds up nobody, but waits for the transactions that were there before: longer than env.py's waits.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # unfinished, of a try that was broken off
        op.create_index(INDEX, "stored_file", ["tenant_id", "uploaded_by", "uploaded_at"], postgresql_concurrently=True)
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")
    op.add_column("tenant_usage", sa.Column("files", sa.BigInteger))
    positive = sa.CheckConstraint("files_limit > 0", name=op.f("ck_tenant_quota_files_positive"))
    op.add_column("tenant_quota", sa.Column("files_limit", sa.BigInteger, positive))
    create_tenant_table(
        "upload_limit",
        *[sa.Column(name, sa.BigInteger) for name in DEFAULTS],
        sa.Column("version", sa.Integer, nullable=False),
        check("upload_limit", "one_per_tenant", "id = tenant_id"),
        check("upload_limit", "positive", "person_bytes > 0 AND person_files > 0 AND unit_bytes > 0 AND unit_files > 0"),
    )
    values = ", ".join(str(value) for value in DEFAULTS.values())
    with open_to_owner("tenant", "upload_limit"):
        op.execute(f"INSERT INTO upload_limit (tenant_id, id, {', '.join(DEFAULTS)}, version) SELECT id, id, {values}, 1 FROM tenant")
    for function in (COUNT_FILES, KEEP_LIMITS):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER counted_files AFTER INSERT ON stored_file REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION count_new_files()"
    )
    op.execute("CREATE TRIGGER kept_to_limits BEFORE INSERT ON stored_file FOR EACH ROW EXECUTE FUNCTION keep_upload_limits()")


def downgrade() -> None:
    op.drop_index(INDEX, "stored_file")
    op.execute("DROP TRIGGER kept_to_limits ON stored_file")
    op.execute("DROP TRIGGER counted_files ON stored_file")
    for function in ("keep_upload_limits()", "count_new_files()"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("upload_limit")
    op.drop_column("tenant_quota", "files_limit")
    op.drop_column("tenant_usage", "files")
