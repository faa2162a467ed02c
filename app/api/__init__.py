"""The HTTP routes, their errors as problem details, and the API's documentation."""
