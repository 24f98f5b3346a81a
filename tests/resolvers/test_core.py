"""The core's manifest: it says what the distribution says, and everything it names is there."""

from __future__ import annotations

import pkgutil
import tomllib
from importlib import import_module
from pathlib import Path

import domain
import resolvers
from execution.declaration import roots_of
from resolvers.core import CORE, ORM, TOPICS, VERSION, contribute

ROOT = Path(__file__).parent.parent.parent


def test_version_is_the_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert (CORE.name, VERSION) == ("core", project["version"])


def test_every_module_of_root_fields_is_a_topic() -> None:
    modules = [import_module(f"resolvers.{found.name}") for found in pkgutil.iter_modules(resolvers.__path__)]

    assert {module.__name__ for module in modules if roots_of(module)} == {topic.__name__ for topic in TOPICS}


def test_every_module_of_models_is_in_the_orm() -> None:
    topics = [f"domain.{found.name}" for found in pkgutil.iter_modules(domain.__path__) if found.ispkg]
    models = {f"{topic}.models" for topic in topics if _has_models(topic)}

    assert models == set(ORM.models)


def test_no_name_is_contributed_twice() -> None:
    contribution = contribute()

    for names in ([job.name for job in contribution.jobs], [event.code for event in contribution.events]):
        assert len(set(names)) == len(names)


def _has_models(topic: str) -> bool:
    return "models" in {found.name for found in pkgutil.iter_modules(import_module(topic).__path__)}
