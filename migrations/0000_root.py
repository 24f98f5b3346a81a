"""The empty beginning: taking an app to zero means going back to a migration that depends on nothing."""

from __future__ import annotations

from tortoise import migrations


class Migration(migrations.Migration):
    """Does nothing."""
