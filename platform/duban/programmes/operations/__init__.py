"""What people do with documents and programmes: register and correct, draft, issue, derive, close."""
