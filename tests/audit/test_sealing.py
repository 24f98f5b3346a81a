from __future__ import annotations

import hashlib
import hmac

import pytest

from audit.sealing import Seal, SealBroken, derive_key

KEY = bytes(range(32))
OLD_KEY = bytes(range(32, 64))


def test_a_derived_key_is_hkdf_sha256() -> None:
    # RFC 5869: extract with a salt of zeros, expand the first block with the label as info.
    extracted = hmac.digest(bytes(32), b"a secret", hashlib.sha256)
    expected = hmac.digest(extracted, b"device\x01", hashlib.sha256)

    assert derive_key(b"a secret", "device") == expected


def test_each_label_and_secret_has_its_own_key() -> None:
    keys = {derive_key(secret, label) for secret in (b"one", b"two") for label in ("device", "seal")}

    assert len(keys) == 4


def test_a_sealed_value_opens_for_the_row_it_was_sealed_for() -> None:
    sealed = Seal(KEY).seal(b"seed", b"row 1")

    assert Seal(KEY).open(sealed, b"row 1") == b"seed"


def test_a_sealed_value_shows_nothing_and_is_never_the_same() -> None:
    seal = Seal(KEY)

    assert seal.seal(b"seed", b"row 1") != seal.seal(b"seed", b"row 1")
    assert b"seed" not in seal.seal(b"seed", b"row 1")
    assert len(seal.seal(b"seed", b"row 1")) == 4 + 12 + 4 + 16


def test_a_sealed_value_copied_to_another_row_does_not_open() -> None:
    sealed = Seal(KEY).seal(b"seed", b"row 1")

    with pytest.raises(SealBroken):
        Seal(KEY).open(sealed, b"row 2")


def test_no_bit_of_a_sealed_value_may_change() -> None:
    sealed = Seal(KEY).seal(b"seed", b"row 1")

    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            Seal(KEY).open(bytes(altered), b"row 1")


def test_no_part_of_a_sealed_value_may_be_cut() -> None:
    sealed = Seal(KEY).seal(b"seed", b"row 1")

    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            Seal(KEY).open(sealed[:length], b"row 1")


def test_a_previous_key_opens_and_does_not_seal() -> None:
    rotated = Seal(KEY, previous=[OLD_KEY])

    assert rotated.open(Seal(OLD_KEY).seal(b"seed", b"row 1"), b"row 1") == b"seed"
    assert Seal(KEY).open(rotated.seal(b"seed", b"row 1"), b"row 1") == b"seed"


def test_a_foreign_key_opens_nothing() -> None:
    with pytest.raises(SealBroken, match="the key of this sealed value"):
        Seal(KEY).open(Seal(OLD_KEY).seal(b"seed", b"row 1"), b"row 1")
