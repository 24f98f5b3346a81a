"""Keys derived from the installation's secret, and seals made with them.

Each purpose has a key of its own, so that a leak of one says nothing about another. A seal is AES-256-GCM with a
random 96-bit nonce; the row's id is associated data: a sealed value copied to another row does not open.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed value does not open: its key is gone, it was altered, or it belongs to something else."""


def derive_key(secret: bytes, label: str) -> bytes:
    """The key of 32 bytes for one purpose: HKDF-SHA-256 (RFC 5869) without salt, the label as info."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label.encode()).derive(secret)


class Seal:
    """Seals and opens with one key; opens with previous keys too, and never seals with them.

    A sealed value is key id (4 bytes) || nonce (12) || ciphertext and tag.
    """

    def __init__(self, key: bytes, *, previous: Iterable[bytes] = ()) -> None:
        self._key_id = _key_id(key)
        self._ciphers = {_key_id(old): AESGCM(old) for old in previous} | {self._key_id: AESGCM(key)}

    def seal(self, plain: bytes, associated: bytes) -> bytes:
        """The sealed value, which opens only with the same associated data."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._key_id + nonce + self._ciphers[self._key_id].encrypt(nonce, plain, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """The plain value. Raises SealBroken."""
        cipher = self._ciphers.get(sealed[:_KEY_ID_BYTES])
        if cipher is None:
            raise SealBroken("the key of this sealed value is not among the installation's")
        nonce, text = sealed[_KEY_ID_BYTES:][:_NONCE_BYTES], sealed[_KEY_ID_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, text, associated)
        except (InvalidTag, ValueError) as error:  # ValueError: cut short within the nonce
            raise SealBroken("this sealed value was altered, or belongs to something else") from error


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"remit-seal-key\n" + key).digest()[:_KEY_ID_BYTES]
