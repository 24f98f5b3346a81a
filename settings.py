"""Every setting of Remit, typed, one `REMIT_` variable each. Imports nothing of Remit."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment (and `.env`) once, at the start of the process; immutable afterwards."""

    model_config = SettingsConfigDict(env_prefix="REMIT_", env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the server listens on; 0 takes a free one.")
    data_dir: Path = Field(
        Path(".remit"),
        description="Folder of the embedded database, the installation's keys and its files. "
        "Its path must leave room for a unix socket's (under 100 bytes together).",
    )
    database_url: str | None = Field(
        None,
        description="postgresql:// address of a served PostgreSQL >= 15 as role remit_app. "
        "Without it Remit runs the embedded server in REMIT_DATA_DIR.",
    )
    database_owner_url: SecretStr | None = Field(
        None,
        description="The same database as role remit_owner, for `remit migrate` alone. "
        "Default: REMIT_DATABASE_URL with the user remit_owner and no password.",
    )
    database_connections: int = Field(
        10,
        ge=2,
        le=200,
        description="Database connections of one server process at the most; open sockets need one more.",
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="The installation's secret, at least 32 characters: codes, devices and seals are keyed by it. "
        "Default: made once and kept in REMIT_DATA_DIR/secret.key.",
    )
    app_origin: str | None = Field(
        None, description="Origin of the web frontend, such as https://app.example.com; mails link to it."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated networks whose X-Forwarded-For is believed, such as 10.0.0.0/8."
    )
    plugins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("billing", "support"), description="Comma-separated names of the plugins that may load."
    )
    mail_url: SecretStr | None = Field(
        None,
        description="smtp:// or smtps:// address of the mail server, with user and password. "
        "Without it mail waits in the database (and is shown at /dev/mail in demo mode).",
    )
    mail_from: str = Field("Remit <no-reply@localhost>", description="Sender of outgoing mail.")
    secure_cookies: bool = Field(
        True,
        description="Send cookies with the attribute Secure and the prefix __Host-. "
        "Switch it off only where browsers reach the server over plain http.",
    )
    explorer: bool = Field(
        True, description="Show the explorer at /graphql, and let / lead to it; a demo shows it always."
    )
    worker: bool = Field(
        True, description="Carry out jobs in the server's own process. Off where `remit worker` runs beside it."
    )
    compiled_execution: bool = Field(
        True,
        description="Whether known documents are answered by compiled plans. Off, every document is interpreted: the "
        "same answers, many times slower; for comparing the two.",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged.")

    @field_validator("trusted_proxies", "plugins", mode="before")
    @classmethod
    def split(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        """Read a comma-separated list."""
        items = value.split(",") if isinstance(value, str) else value
        return tuple(item.strip() for item in items if item.strip())

    @cached_property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """REMIT_TRUSTED_PROXIES, parsed."""
        return tuple(ip_network(text, strict=False) for text in self.trusted_proxies)
