"""The same documents on their way down as in the integration tests."""

from tests.integration.dispatches.conftest import document_of, lined, send_to

__all__ = ["document_of", "lined", "send_to"]
