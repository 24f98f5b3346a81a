"""An app with one protected table, to migrate up and down."""

from __future__ import annotations

from database.apps import OrmApp

TOY = OrmApp("toy", ("tests.database.toyapp.models",), "tests.database.toyapp.migrations")
