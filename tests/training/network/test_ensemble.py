"""The members of an ensemble and their losses."""

import numpy as np
import pytest

from tests.training.tables import make_prepared
from training.config import NetworkConfig

pytestmark = pytest.mark.tensorflow


def test_while_it_is_fitted_every_member_answers_and_their_mean_elsewhere() -> None:
    from training.network.network import build

    prepared = make_prepared("multiclass")
    model, tensors = build(prepared, NetworkConfig(members=3, dropout=0.0)), prepared.test.tensors
    members = np.asarray(model(tensors, training=True))
    assert members.shape == (3, 20, 3)
    assert np.abs(members[0] - members[1]).max() > 0.01, "they differ from the start"
    np.testing.assert_allclose(model(tensors, training=False), members.mean(axis=0), atol=1e-6)


def test_every_member_is_fitted_by_its_own_loss() -> None:
    from training.network.ensemble import MemberLoss

    loss, targets = MemberLoss("mean_squared_error"), np.array([[1.0], [0.0]], dtype=np.float32)
    members = np.array([[[0.0], [0.0]], [[2.0], [0.0]]], dtype=np.float32)
    assert float(loss(targets, members)) == 0.5
    assert float(loss(targets, members.mean(axis=0))) == 0.0
