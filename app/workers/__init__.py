"""Supervise worker processes, hand them connections, and answer for all of them from any one."""
