"""The settings of billing, one `REMIT_BILLING_` variable each."""

from __future__ import annotations

from pydantic import Field

from remit.plugin import PluginSettings, SettingsConfigDict


class BillingSettings(PluginSettings):
    """Read from the environment when the plugin contributes."""

    model_config = SettingsConfigDict(env_prefix="REMIT_BILLING_")

    default_plan: str = Field("standard-month", description="Plan of a network that has chosen none.")
