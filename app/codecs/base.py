"""What a wire format must bring."""

from collections.abc import Sequence
from typing import Protocol

from app.codecs.columns import Payload
from app.codecs.predictions import Answers
from app.models.model import LoadedModel


class Writer(Protocol):
    """Answers to bytes, a part at a time."""

    def write(self, answers: Answers) -> bytes:
        """The next part."""
        ...

    def finish(self) -> bytes:
        """The end."""
        ...


class Format(Protocol):
    """One way to write requests and answers. Without state."""

    media_type: str
    content_type: str
    """As answers name it, with its charset where it is text."""

    def ready(self) -> bool:
        """Whether all that it needs has been imported."""
        ...

    def decode(self, body: bytes, model: LoadedModel) -> Sequence[Payload]:
        """The rows of a request, in order; raises MalformedBody, InvalidInstances, BodyTooLarge."""
        ...

    def encode(self, answers: Answers, model: LoadedModel) -> bytes:
        """A whole answer of the model."""
        writer = self.writer(model)
        return writer.write(answers) + writer.finish()

    def writer(self, model: LoadedModel) -> Writer:
        """Writes one answer of the model, which is the same, in parts."""
        ...
