"""The bundle's files are read by the kinds that are registered, and written as they were read."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.bundle import store
from app.bundle.manifest import Manifest
from app.bundle.normalization import Normalization
from app.bundle.reference import Reference
from app.bundle.transforms import TRANSFORMS, AnyFeature
from app.bundle.transforms.number import NumberFeature

OLD_BUNDLES = Path(__file__).parents[3] / "fixtures" / "bundles_0_1"
FILES: dict[str, type[BaseModel]] = {
    store.MANIFEST: Manifest,
    store.NORMALIZATION: Normalization,
    store.REFERENCE: Reference,
}
READ: TypeAdapter[AnyFeature] = TypeAdapter(AnyFeature)


@pytest.mark.parametrize("file", FILES)
def test_what_an_older_version_wrote_is_read_and_written_byte_for_byte(file: str) -> None:
    contents = [path.read_text(encoding="utf-8") for path in OLD_BUNDLES.rglob(file)]
    assert contents
    for content in contents:
        written = FILES[file].model_validate_json(content).model_dump_json(exclude_unset=True)
        assert json.dumps(json.loads(written)) == json.dumps(json.loads(content))  # which keeps the order of all keys


@pytest.mark.parametrize("kind", ["colour", 3, None])
def test_an_unknown_kind_is_refused_by_name(kind: object) -> None:
    with pytest.raises(ValidationError, match=rf"kind must be one of number, category, .*, found {kind!r}"):
        READ.validate_python({"kind": kind, "name": "x", "nullable": False})


def test_a_feature_that_breaks_its_kind_s_schema_is_refused() -> None:
    feature = {"kind": "number", "name": "x", "nullable": False}
    with pytest.raises(ValidationError) as found:
        READ.validate_python({**feature, "size": 3})
    assert [error["loc"] for error in found.value.errors()] == [("size",)]
    assert READ.validate_json(json.dumps(feature)) == NumberFeature(name="x", nullable=False)


def test_classes_are_of_the_kind_that_they_are_registered_for() -> None:
    for kind, transform in TRANSFORMS.items():
        assert transform.kind == kind
        assert transform.feature_type.model_fields["kind"].default == kind
        assert transform.statistics_type.model_fields["kind"].default == kind
