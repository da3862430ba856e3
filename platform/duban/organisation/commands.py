"""`duban import-units …`: a whole country's units from a file, by whoever runs the service."""

import csv
import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.kernel.settings import read_settings
from duban.organisation.operations.bulk import check_copy, copy_units
from duban.organisation.rules.units_file import MOST_ROWS, UnitRow
from duban.organisation.states import COLUMN_NAMES, REQUIRED_COLUMNS, Column
from duban.sheets.reading import UnreadableTableError, read_table
from duban.tenancy.queries import find_tenant


def _rows(path: Path) -> Iterator[UnitRow]:
    """Read the units of a file; its first row holds the headings, Chinese or English."""
    numbered = _cells(path)
    headings = next(numbered, (1, []))[1]
    known = {COLUMN_NAMES.get(heading.strip().lower()): position for position, heading in enumerate(headings)}
    missing = [column.value for column in REQUIRED_COLUMNS if column not in known]
    if missing:
        raise click.UsageError(f"{path} has no column {', '.join(missing)}")
    places = {column: position for column, position in known.items() if column is not None}
    for line, cells in numbered:
        if any(cells):
            yield _row(line, cells, places)


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Read a CSV file in UTF-8 row by row, however long it is, or the first sheet of a workbook, whole, in a limited child."""
    if path.suffix.lower() == ".xlsx":
        try:
            yield from read_table(path.read_bytes(), most_rows=MOST_ROWS + 1).rows
        except UnreadableTableError as error:
            raise click.UsageError(str(error.text)) from error
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            yield from ((reader.line_num, cells) for cells in reader)
        except UnicodeDecodeError as error:
            raise click.UsageError(f"{path} is not in UTF-8; save it as “CSV UTF-8”, or as a workbook (.xlsx)") from error


def _row(line: int, cells: list[str], places: Mapping[Column, int]) -> UnitRow:
    def cell(column: Column) -> str:
        place = places.get(column)
        return cells[place] if place is not None and place < len(cells) else ""

    return UnitRow(line, *(cell(column) for column in (Column.CODE, Column.NAME, Column.LEVEL, Column.PARENT, Column.SHORT_NAME,
                                                       Column.SECTOR)))  # fmt: skip


@click.command("import-units")
@click.argument("slug")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--check", "--dry-run", "check", is_flag=True, help="Only say what is wrong; change nothing.")
def import_units(slug: str, path: Path, check: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """
    Take the units of a file into the tenant SLUG, all of them or none; for files too big for the page.

    A CSV file in UTF-8 may have any number of rows, a workbook (.xlsx) 20,000.
    """
    if not path.is_file():
        raise click.UsageError(f"there is no file {path}")
    settings = read_settings()
    engine = make_engine(settings.database_url, context_key=settings.context_key)
    with open_session(engine, None) as session:
        tenant = find_tenant(session, slug)
    if tenant is None:
        raise click.UsageError(f"there is no tenant {slug}")
    now = SystemClock().now()
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
        report = check_copy(scope, rows=_rows(path))
        scope.session.rollback()
    for problem in report.problems:
        click.echo(f"{path}:{problem.line}: {problem.column}: {problem.text}", err=True)
    if report.wrong:
        click.echo(f"{report.wrong} mistakes in {report.units} rows; nothing was taken.", err=True)
        sys.exit(1)
    if check:
        click.echo(f"{report.units} rows, nothing wrong.")
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
        copy_units(scope, rows=_rows(path), source=digest)
    click.echo(f"{report.units} units taken.")
