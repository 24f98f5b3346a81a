from __future__ import annotations

import pytest

from audit.user_agents import DeviceClass, Traits, clean_user_agent, traits_of

WINDOWS_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
ANDROID_CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
)
ANDROID_TABLET = (
    "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone; CPU iPhone OS 17_5", "iPad; CPU OS 16_6")
MAC_FIREFOX = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0"
LINUX_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("case", "user_agent", "device_class", "name"),
    [
        ("Chrome on Windows", WINDOWS_CHROME, DeviceClass.DESKTOP, "Chrome 126 on Windows"),
        ("Firefox on a Mac", MAC_FIREFOX, DeviceClass.DESKTOP, "Firefox 127 on Mac OS X"),
        ("Firefox on Linux", LINUX_FIREFOX, DeviceClass.DESKTOP, "Firefox 127 on Linux"),
        ("Chrome on a phone, model withheld", ANDROID_CHROME, DeviceClass.MOBILE, "Chrome Mobile 126 on Android"),
        ("Chrome on an Android tablet", ANDROID_TABLET, DeviceClass.TABLET, "Chrome 126 on SM-X906C"),
        ("Safari on an iPhone", IPHONE, DeviceClass.MOBILE, "Mobile Safari 17 on iPhone"),
        ("Safari on an iPad", IPAD, DeviceClass.TABLET, "Mobile Safari 17 on iPad"),
        ("a search engine", GOOGLEBOT, DeviceClass.BOT, "Googlebot 2"),
        ("a program", "curl/8.5.0", DeviceClass.OTHER, "curl 8"),
        ("nothing", "", DeviceClass.OTHER, "Unknown program"),
    ],
)
def test_a_user_agent_gives_class_and_name(case: str, user_agent: str, device_class: DeviceClass, name: str) -> None:
    traits = traits_of({"user-agent": user_agent})

    assert (traits.device_class, traits.name) == (device_class, name)


def test_client_hints_make_a_frozen_user_agent_exact() -> None:
    traits = traits_of(
        {
            "user-agent": ANDROID_CHROME,
            "sec-ch-ua-mobile": "?1",
            "sec-ch-ua-platform-version": '"14.0.0"',
            "sec-ch-ua-model": '"Pixel 8"',
            "sec-ch-ua-full-version-list": '"Not/A)Brand";v="8.0.0.0", "Chromium";v="126.0.6478.99", '
            '"Google Chrome";v="126.0.6478.122"',
        }
    )

    assert traits == Traits(
        device_class=DeviceClass.MOBILE,
        os="Android",
        os_version="14.0.0",
        browser="Chrome Mobile",
        browser_version="126.0.6478.122",
        model="Pixel 8",
    )


@pytest.mark.parametrize(
    ("case", "hint", "version"),
    [
        ("Windows 11", '"15.0.0"', "11"),
        ("the first Windows 11", '"13.0.0"', "11"),
        ("Windows 10", '"10.0.0"', "10"),
        ("older: the user agent tells", '"0.3.0"', "10"),
        ("nonsense: the user agent tells", '"new"', "10"),
        ("empty: the user agent tells", '""', "10"),
    ],
)
def test_windows_11_is_told_by_its_hint(case: str, hint: str, version: str) -> None:
    traits = traits_of({"user-agent": WINDOWS_CHROME, "sec-ch-ua-platform-version": hint})

    assert traits.os_version == version


@pytest.mark.parametrize(
    ("case", "header", "traits"),
    [
        (
            "a phone",
            "Remit Desk/2.3.1 (iOS 17.5; iPhone15,2)",
            Traits(
                device_class=DeviceClass.MOBILE,
                os="iOS",
                os_version="17.5",
                app="Remit Desk",
                app_version="2.3.1",
                model="iPhone15,2",
            ),
        ),
        (
            "a tablet",
            "Remit/1 (iPadOS 17; iPad13,1)",
            Traits(
                device_class=DeviceClass.TABLET,
                os="iPadOS",
                os_version="17",
                app="Remit",
                app_version="1",
                model="iPad13,1",
            ),
        ),
        (
            "without model",
            "Remit/1 (Android 14)",
            Traits(device_class=DeviceClass.MOBILE, os="Android", os_version="14", app="Remit", app_version="1"),
        ),
        ("without platform", "Remit/1", Traits(device_class=DeviceClass.OTHER, app="Remit", app_version="1")),
        ("of another form: the user agent tells", "Remit", Traits(device_class=DeviceClass.OTHER)),
    ],
)
def test_an_app_names_itself(case: str, header: str, traits: Traits) -> None:
    assert traits_of({"remit-app": header}) == traits


def test_an_apps_name_has_program_and_model() -> None:
    assert traits_of({"remit-app": "Remit/2.3 (iOS 17; iPhone15,2)"}).name == "Remit 2 on iPhone15,2"


def test_a_user_agent_is_kept_short_and_printable() -> None:
    assert clean_user_agent("a\r\n\x1b[31mb\x00\x7f\x9f") == "a[31mb"
    assert clean_user_agent("\n" + "x" * 600) == "x" * 512


def test_the_whole_of_a_long_user_agent_is_never_parsed() -> None:
    assert traits_of({"user-agent": "x" * 512 + GOOGLEBOT}).device_class is DeviceClass.OTHER
