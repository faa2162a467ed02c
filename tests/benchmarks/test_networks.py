import numpy as np
import onnx
import onnxruntime as ort

from benchmarks.networks import dense_network, random_layers


def test_the_bytes_are_a_network_that_onnx_finds_sound_and_that_computes_its_layers() -> None:
    layers = random_layers((300, 20, 3))
    model = dense_network(layers, "Sigmoid")
    onnx.checker.check_model(onnx.ModelProto.FromString(model), full_check=True)
    rows = np.random.default_rng(1).normal(size=(5, 300)).astype(np.float32)
    (answers,) = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(["output"], {"number": rows})
    (first, first_bias), (last, last_bias) = layers
    logits = np.maximum(rows @ first + first_bias, 0) @ last + last_bias
    np.testing.assert_allclose(answers, 1 / (1 + np.exp(-logits)), atol=1e-5)
