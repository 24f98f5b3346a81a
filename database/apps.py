"""What the database needs to know of one app: its name, its models, its migrations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONNECTION = "default"


@dataclass(frozen=True, slots=True)
class OrmApp:
    """One app of the ORM: the core, or a plugin.

    `label` is its name in relations ("core.Account") and in the migrations' record, `models` the modules with its
    models, `migrations` the package with its migrations; the first of them is `0000_root`, which is empty and depends
    on nothing.
    """

    label: str
    models: tuple[str, ...]
    migrations: str

    @property
    def config(self) -> dict[str, Any]:
        """The app in Tortoise's own words."""
        return {"models": list(self.models), "migrations": self.migrations, "default_connection": CONNECTION}
