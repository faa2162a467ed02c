"""A proven explanation, apart from its proof, which needs TensorFlow.

Tests: tests/training/explanation/test_proof.py
"""

from dataclasses import dataclass

from app.bundle.manifest import Explanation


@dataclass(frozen=True, slots=True)
class ProvenExplanation:
    """The ONNX graph that explains one row, and the manifest's description of it with the proof's figures."""

    content: bytes
    described: Explanation
