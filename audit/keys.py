"""The installation's secret, and the keys that are made of it: one for each purpose."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from audit.sealing import Seal, derive_key
from errors import StartRefused
from settings import Settings

SECRET_FILE = "secret.key"  # noqa: S105  (a file's name)
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs devices and codes, and what seals mail. Never in the database, never in a log."""

    device: bytes = field(repr=False)
    email_code: bytes = field(repr=False)
    failure_bucket: bytes = field(repr=False)
    mail: Seal = field(repr=False)

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Derive the keys from REMIT_SECRET_KEY, or from the data folder's own secret, made on first use.

        Raises StartRefused where the file is there and cannot be read.
        """
        if settings.secret_key is not None:
            return cls.derive(settings.secret_key.get_secret_value().encode())
        return cls.derive(_own_secret(settings.data_dir))

    @classmethod
    def derive(cls, secret: bytes) -> Self:
        """The keys of one secret."""
        return cls(
            device=derive_key(secret, "remit-device"),
            email_code=derive_key(secret, "remit-email-code"),
            failure_bucket=derive_key(secret, "remit-failure-bucket"),
            mail=Seal(derive_key(secret, "remit-mail")),
        )


def _own_secret(data_dir: Path) -> bytes:
    """Read the folder's secret; the first process to come makes it, and of two at once exactly one does."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / SECRET_FILE
    made = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    try:
        secret = path.read_bytes()
    except OSError as error:
        raise StartRefused(
            f"The secret {path} cannot be read ({error.strerror}). Correct its owner or mode."
        ) from error
    if len(secret) != SECRET_BYTES:
        raise StartRefused(
            f"The secret {path} is damaged. Restore it from a backup; a new one would lock everybody out."
        )
    return secret
