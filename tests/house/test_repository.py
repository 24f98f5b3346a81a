"""What is committed would be true on anybody's machine: it names no package registry's host and no path of this one.

A lock or a script with a host in it works only where that host answers, and tells strangers where we fetch from.
The hosts are asked of pip and npm when the test runs, so none stands here either.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pip._internal.models.index import PyPI

from docs.generate.source import HOUSE


@cache
def _texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=HOUSE, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    files = [HOUSE / name for name in listed.split("\0") if name]
    return {
        str(file.relative_to(HOUSE)): file.read_bytes().decode(errors="replace") for file in files if file.is_file()
    }


def _addresses() -> list[str]:
    pip = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, check=True, text=True)
    addresses = [PyPI.simple_url, *re.findall(r"https?://[^\s']+", pip.stdout)]
    if shutil.which("npm") is not None:
        npm = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, check=False, text=True)
        addresses.append(npm.stdout.strip())
    return addresses


def _registry_hosts() -> list[str]:
    hosts = {urlsplit(address).hostname for address in _addresses()}
    return sorted(host for host in hosts if host is not None and not re.fullmatch(r"localhost|[\d.]+", host))


def _naming(text: str) -> list[str]:
    return [name for name, content in _texts().items() if text in content]


@pytest.mark.skipif(shutil.which("git") is None or not (HOUSE / ".git").exists(), reason="no checkout of git")
def test_no_registry_is_named() -> None:
    assert {host: files for host in _registry_hosts() if (files := _naming(host))} == {}


@pytest.mark.skipif(shutil.which("git") is None or not (HOUSE / ".git").exists(), reason="no checkout of git")
def test_no_path_of_this_machine_is_named() -> None:
    paths = {f"{path}/" for path in (HOUSE.parent, Path.home()) if len(path.parts) > 1 and path != Path("/tmp")}  # noqa: S108  (a word of many tests)

    assert {path: files for path in sorted(paths) if (files := _naming(path))} == {}
