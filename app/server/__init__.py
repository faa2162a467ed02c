"""The HTTP front: connections, and the fast paths of plain predictions."""
