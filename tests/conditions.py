"""What a caller of the API sends along with a change: the version of what it read."""

from flask.testing import FlaskClient


def as_read(browser: FlaskClient, address: str) -> dict[str, str]:
    """Read the thing at an address and give the headers of a change of it; whoever may not read it sends a guess."""
    answer = browser.get(address, headers={"Accept": "application/json"})
    return {"Accept": "application/json", "If-Match": answer.headers.get("ETag", '"1"')}
