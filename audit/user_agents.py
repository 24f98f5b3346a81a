"""What a request says about the device it comes from: user agent, client hints, or an app's own header.

Order: `Remit-App: name/version (platform version; model)` of our apps; else the user agent, made exact by the client
hints of Chromium browsers, whose user agent is frozen. All of it is a claim: good for a name, never for a decision.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import ua_parser

USER_AGENT_LENGTH = 512
LONGEST_HINT = 512
"""Characters of one client hint that are looked at."""

KEPT_TRAITS = 2048
"""Browsers whose traits are kept: some megabytes at the most."""

CLIENT_HINTS = "Sec-CH-UA-Platform-Version, Sec-CH-UA-Model, Sec-CH-UA-Full-Version-List"

_APP = re.compile(r"([^/()]{1,64})/([^\s()]{1,32})(?: \(([^\s;()]{1,64}) ([^\s;()]{1,32})(?:; ([^;()]{1,64}))?\))?")
_BRAND = re.compile(r'"([^"\\]*)";\s*v="([0-9.]{1,32})"')
_DESKTOP_SYSTEMS = frozenset({"Windows", "Mac OS X", "Linux", "Ubuntu", "Debian", "Fedora", "FreeBSD", "Chrome OS"})
_TABLETS = ("ipad", "tablet")
# "K" stands in every reduced user agent of Chrome on Android; "Mac" and "Spider" are no models either.
_NO_MODELS = frozenset({"K", "Mac", "Desktop", "Smartphone", "Other"})
# https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11: 13 and up is Windows 11.
_WINDOWS_11 = 13


class DeviceClass(StrEnum):
    """The kind of machine; the detector of shared sign-ins compares devices of one class only."""

    DESKTOP = "DESKTOP"
    MOBILE = "MOBILE"
    TABLET = "TABLET"
    BOT = "BOT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is known of a device; None where nothing was said. An app has `app`, a browser has `browser`."""

    device_class: DeviceClass = DeviceClass.OTHER
    os: str | None = None
    os_version: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    app: str | None = None
    app_version: str | None = None
    model: str | None = None

    @property
    def name(self) -> str:
        """A name that its owner recognises, such as "Firefox 127 on Windows"."""
        program = self.app or self.browser or "Unknown program"
        major = (self.app_version or self.browser_version or "").partition(".")[0]
        place = self.model or self.os
        return f"{program} {major}".rstrip() + (f" on {place}" if place else "")


def clean_user_agent(text: str) -> str:
    """The user agent as it is kept: without control characters, 512 characters at the most."""
    return _printable(text)[:USER_AGENT_LENGTH]


def traits_of(headers: Mapping[str, str]) -> Traits:
    """What a request's headers say of its device; `headers` by lower-case name, or case-insensitive."""
    app = _APP.fullmatch(_printable(headers.get("remit-app", "")))
    return _app_traits(app) if app else _browser_traits(headers)


def _app_traits(app: re.Match[str]) -> Traits:
    name, version, system, system_version, model = app.groups()
    is_tablet = any(word in f"{system} {model}".lower() for word in _TABLETS)
    return Traits(
        device_class=DeviceClass.TABLET if is_tablet else DeviceClass.MOBILE if system else DeviceClass.OTHER,
        os=system,
        os_version=system_version,
        app=name,
        app_version=version,
        model=model,
    )


def _browser_traits(headers: Mapping[str, str]) -> Traits:
    return _traits_of_hints(
        clean_user_agent(headers.get("user-agent", "")),
        headers.get("sec-ch-ua-mobile") == "?1",
        headers.get("sec-ch-ua-platform-version", "")[:LONGEST_HINT],
        headers.get("sec-ch-ua-full-version-list", "")[:LONGEST_HINT],
        headers.get("sec-ch-ua-model", "")[:LONGEST_HINT],
    )


@lru_cache(maxsize=KEPT_TRAITS)
def _traits_of_hints(text: str, is_mobile_hint: bool, platform_version: str, versions: str, model: str) -> Traits:
    """A browser says the same of itself with each request: what was made of it is kept."""
    parsed = ua_parser.parse(text)
    agent, system, machine = parsed.user_agent, parsed.os, parsed.device
    return Traits(
        device_class=_device_class(text, parsed, is_mobile_hint=is_mobile_hint),
        os=system.family if system else None,
        os_version=_os_version(system, _unquoted(platform_version)),
        browser=agent.family if agent else None,
        browser_version=_browser_version(agent, versions),
        model=_unquoted(model) or _model(machine),
    )


def _device_class(text: str, parsed: ua_parser.Result, *, is_mobile_hint: bool) -> DeviceClass:
    system = parsed.os.family if parsed.os else None
    model = (parsed.device.family if parsed.device else "").lower()
    if model == "spider":
        return DeviceClass.BOT
    if any(word in model for word in _TABLETS):
        return DeviceClass.TABLET
    if is_mobile_hint or "Mobi" in text:
        return DeviceClass.MOBILE
    if system == "Android":  # without the word Mobile, by Google's own rule
        return DeviceClass.TABLET
    return DeviceClass.DESKTOP if system in _DESKTOP_SYSTEMS else DeviceClass.OTHER


def _os_version(system: ua_parser.OS | None, hint: str | None) -> str | None:
    if system is None:
        return None
    if hint is None:
        return _joined(system.major, system.minor)
    if system.family == "Windows":
        return _windows_version(hint) or system.major
    return hint


def _windows_version(hint: str) -> str | None:
    major = hint.partition(".")[0]
    if not major.isascii() or not major.isdigit() or int(major) == 0:  # 0 is Windows 7 and 8, told by the user agent
        return None
    return "11" if int(major) >= _WINDOWS_11 else "10"


def _browser_version(agent: ua_parser.UserAgent | None, hint: str) -> str | None:
    """The full version of the brand with the user agent's major; the engine's own brand counts last."""
    if agent is None:
        return None
    brands = sorted(_BRAND.findall(hint), key=lambda brand: brand[0] == "Chromium")
    full = next((version for _, version in brands if version.partition(".")[0] == agent.major), None)
    return full or _joined(agent.major, agent.minor)


def _model(machine: ua_parser.Device | None) -> str | None:
    return machine.model if machine and machine.model not in _NO_MODELS else None


def _joined(major: str | None, minor: str | None) -> str | None:
    return ".".join(part for part in (major, minor) if part) or None


def _unquoted(hint: str | None) -> str | None:
    """A structured field's string (RFC 8941) without its quotes; None if it is empty."""
    return _printable(hint or "").strip('" ')[:64] or None


def _printable(text: str) -> str:
    if text.isprintable():
        return text  # nearly all are, and this is asked of each request
    return "".join(character for character in text if unicodedata.category(character) != "Cc")
