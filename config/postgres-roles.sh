#!/bin/bash
# Makes the three roles and the database in a new PostgreSQL server; run once by the database container, or by hand as superuser.
# duban_owner owns the tables and runs the migrations; duban_app serves, owns nothing and cannot leave row-level security;
# duban_backup reads every row of every tenant and changes none.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v owner_password="$DUBAN_OWNER_PASSWORD" -v app_password="$DUBAN_APP_PASSWORD" \
    -v backup_password="$DUBAN_BACKUP_PASSWORD" <<'SQL'
CREATE ROLE duban_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'owner_password';
CREATE ROLE duban_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
CREATE ROLE duban_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEROLE NOCREATEDB IN ROLE pg_read_all_data PASSWORD :'backup_password';
ALTER ROLE duban_backup SET default_transaction_read_only = on;
CREATE DATABASE duban OWNER duban_owner ENCODING 'UTF8' TEMPLATE template0;
SQL
