"""Worker processes, their supervisor, and what they tell one another."""
