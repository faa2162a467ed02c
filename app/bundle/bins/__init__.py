"""Bins to count values in, with which drift compares what is served with what training saw. Knows no kind."""
