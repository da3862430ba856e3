"""Pure rules of letters: the frozen text, its wording, and coverage."""
