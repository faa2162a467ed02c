"""Texts as tokens and n-grams."""
