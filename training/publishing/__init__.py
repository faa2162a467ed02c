"""Publishing: writing a version of a model into the models folder."""
