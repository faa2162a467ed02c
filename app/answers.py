"""What a model says of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.bundle.transforms import RowWarning


@dataclass(slots=True, eq=False)
class Answers:
    """Answers of rows, in order: probabilities by label (or the value alone), the label's index, the warnings."""

    decoded: Sequence[Sequence[float]]
    labels: Sequence[int]
    warnings: Mapping[int, Sequence[RowWarning]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.decoded)

    def __getitem__(self, rows: slice) -> "Answers":
        if not self.warnings:
            return Answers(self.decoded[rows], self.labels[rows])
        first, last, _ = rows.indices(len(self))
        warnings = {row - first: found for row, found in self.warnings.items() if first <= row < last}
        return Answers(self.decoded[rows], self.labels[rows], warnings)


def join(parts: Sequence[Answers]) -> Answers:
    """The answers of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    decoded: list[Sequence[float]] = []
    labels: list[int] = []
    warnings: dict[int, Sequence[RowWarning]] = {}
    for part in parts:
        warnings |= {len(decoded) + row: found for row, found in part.warnings.items()}
        decoded += part.decoded
        labels += part.labels
    return Answers(decoded, labels, warnings)
