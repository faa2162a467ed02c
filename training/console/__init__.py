"""What a run prints on the console."""
