"""The bundle: the one contract between training and serving, in pydantic models and numpy."""
