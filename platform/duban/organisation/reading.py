"""From a file's bytes to rows of units or people; a file that cannot be read is a report like any other."""

from duban.organisation.rules.units_file import MOST_ROWS, Sheet, read_rows, refused
from duban.sheets.reading import UnreadableTableError, read_table


def read_sheet(data: bytes) -> Sheet:
    """Read a CSV file or a workbook of units. Costs: for a workbook a process of at most 300 MiB and 10 s."""
    try:
        table = read_table(data, most_rows=MOST_ROWS + 1)
    except UnreadableTableError as error:
        return refused(error.text.template, **error.text.params)
    return read_rows(table.rows, table.encoding)
