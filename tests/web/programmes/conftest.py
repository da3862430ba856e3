"""The same ready-made documents and programmes as for the operations."""

from tests.integration.programmes.conftest import document_of, draft_of, issued_by

__all__ = ["document_of", "draft_of", "issued_by"]
