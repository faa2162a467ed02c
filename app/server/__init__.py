"""The HTTP front: connections, and the fast path of plain predictions."""
