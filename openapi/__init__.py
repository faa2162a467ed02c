"""The OpenAPI document of the shipped bundle."""
