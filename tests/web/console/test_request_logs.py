"""An operator's refusals can be traced, too."""

from uuid import uuid4

import structlog
from structlog.testing import capture_logs

from duban.web.request_logs import ANSWERED


def test_an_operators_request_names_the_operator(operator) -> None:
    browser = operator()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        assert browser.get(f"/operator/tenants/{uuid4()}").status_code == 404
    [answered] = [line for line in lines if line["event"] == ANSWERED]
    assert len(answered["operator"]) == 36
    assert "person" not in answered
    assert browser.login not in str(answered)
