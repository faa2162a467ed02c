"""Load as callers make it, and how many replicas it takes."""
