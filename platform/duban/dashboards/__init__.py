"""What each person opens the service with: reads of all features on one page, and nothing of its own to keep."""
