"""A bundle that ranks: users, items, an hour that requests send, and a price and a genre that belong to the item."""

from pathlib import Path
from typing import Any

from app.bundle.catalogue import Catalogue
from app.bundle.transforms import Feature
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.ids import ItemFeature, UserFeature
from app.bundle.transforms.number import NumberFeature
from tests import kind_bundles

ITEMS = {"tea": (1.0, "drink"), "rye": (2.0, "food"), "jam": (3.0, "food"), "gin": (4.0, None)}
USERS = ("ann", "bob")
FEATURES: tuple[Feature, ...] = (
    NumberFeature(name="hour", nullable=False, minimum=0, maximum=24, example=12.0),
    UserFeature(name="who", nullable=False, example="ann"),
    NumberFeature(name="price", nullable=False, example=2.0),
    ItemFeature(name="what", nullable=False, example="tea"),
    CategoryFeature(name="genre", nullable=True, example="food"),
)


def publish(models: Path, *, listed: bool = True) -> None:
    """Publish `shop`, which answers the more the later the hour and the dearer the item; `listed` in a catalogue."""
    rows = [
        {"hour": float(9 + index), "who": user, "price": price, "what": item, "genre": genre}
        for user in USERS
        for index, (item, (price, genre)) in enumerate(ITEMS.items())
    ]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    catalogue = Catalogue(
        item="what",
        columns={
            "what": tuple(ITEMS),
            "price": tuple(price for price, _ in ITEMS.values()),
            "genre": tuple(genre for _, genre in ITEMS.values()),
        },
    )
    kind_bundles.publish(models, FEATURES, columns, "shop", catalogue if listed else None)
