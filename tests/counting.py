"""What a page asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements sent while the block runs, without the bookkeeping of transactions."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "set_config" not in statement and not statement.startswith("SET "):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def listed(seen: list[str]) -> str:
    """Give the beginning of each, to be read where there are too many."""
    return "\n".join(line.replace("\n", " ")[:160] for line in seen)
