"""What people do in an assessment: open it, score, decide vetoes, freeze and publish."""
