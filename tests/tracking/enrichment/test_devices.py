import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.enrichment.devices import BROWSERS, PLATFORMS, Device, device

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
KHTML_OF_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML}"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {KHTML}"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) {KHTML_OF_SAFARI}"
DEVICES = {
    "firefox-windows": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
        ("firefox", "130", "windows", "desktop"),
    ),
    "chrome-windows": (f"{WINDOWS} Chrome/128.0.0.0 Safari/537.36", ("chrome", "128", "windows", "desktop")),
    "edge-windows": (
        f"{WINDOWS} Chrome/128.0.0.0 Safari/537.36 Edg/128.0.2739.42",
        ("edge", "128", "windows", "desktop"),
    ),
    "opera-windows": (
        f"{WINDOWS} Chrome/127.0.0.0 Safari/537.36 OPR/113.0.0.0",
        ("opera", "113", "windows", "desktop"),
    ),
    "yandex-windows": (
        f"{WINDOWS} Chrome/124.0.0.0 YaBrowser/24.6.1.852 Yowser/2.5 Safari/537.36",
        ("yandex browser", "24", "windows", "desktop"),
    ),
    "explorer-with-a-pen": (
        "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko",
        ("internet explorer", "11", "windows", "desktop"),
    ),
    "safari-mac": (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KHTML_OF_SAFARI} Version/17.6 Safari/605.1.15",
        ("safari", "17", "macos", "desktop"),
    ),
    "firefox-ubuntu": (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ("firefox", "128", "linux", "desktop"),
    ),
    "chromebook": (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KHTML} Chrome/127.0.0.0 Safari/537.36",
        ("chrome", "127", "chromeos", "desktop"),
    ),
    "iphone": (f"{IPHONE} Version/17.6 Mobile/15E148 Safari/604.1", ("safari", "17", "ios", "mobile")),
    "chrome-iphone": (f"{IPHONE} CriOS/128.0.6613.34 Mobile/15E148 Safari/604.1", ("chrome", "128", "ios", "mobile")),
    "firefox-iphone": (f"{IPHONE} FxiOS/129.0 Mobile/15E148 Safari/605.1.15", ("firefox", "129", "ios", "mobile")),
    "instagram-iphone": (f"{IPHONE} Mobile/15E148 Instagram 340.0.0.27.90", ("instagram", "340", "ios", "mobile")),
    "ipad": (
        "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/12.1.2 Mobile/15E148 Safari/604.1",
        ("safari", "12", "ios", "tablet"),
    ),
    "chrome-android": (f"{ANDROID} Chrome/128.0.0.0 Mobile Safari/537.36", ("chrome", "128", "android", "mobile")),
    "android-tablet": (f"{ANDROID} Chrome/128.0.0.0 Safari/537.36", ("chrome", "128", "android", "tablet")),
    "samsung": (
        f"{ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        ("samsung internet", "25", "android", "mobile"),
    ),
    "opera-mini": (
        "Opera/9.80 (Android; Opera Mini/36.2/191.301; U; en) Presto/2.12.423 Version/12.16",
        ("opera", "36", "android", "mobile"),
    ),
    "firefox-tablet": (
        "Mozilla/5.0 (Android 13; Tablet; rv:129.0) Gecko/129.0 Firefox/129.0",
        ("firefox", "129", "android", "tablet"),
    ),
    "fire-tablet": (
        f"Mozilla/5.0 (Linux; Android 11; KFTRWI) {KHTML} Silk/126.4.1 like Chrome/126.0.6478.122 Safari/537.36",
        ("silk", "126", "android", "tablet"),
    ),
    "fire-tv": (
        f"Mozilla/5.0 (Linux; Android 12; AFTKA) {KHTML} Silk/120.2 like Chrome/120.0 Safari/537.36",
        ("silk", "120", "android", "tv"),
    ),
    "bravia": (
        f"Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2) {KHTML} Chrome/90.0.4430.91 Safari/537.36",
        ("chrome", "90", "android", "tv"),
    ),
    "tizen-tv": (
        f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {KHTML} 76.0.3809.146/6.0 TV Safari/537.36",
        ("safari", "", "other", "tv"),
    ),
    "playstation": (
        f"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) {KHTML_OF_SAFARI} Version/13.0 Safari/605.1.15",
        ("safari", "13", "other", "console"),
    ),
    "xbox": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) {KHTML} Chrome/48.0 Safari/537.36 Edge/20.02",
        ("edge", "20", "windows", "console"),
    ),
    "curl": ("curl/8.5.0", ("other", "", "other", "other")),
    "empty": ("", ("other", "", "other", "other")),
}


@pytest.mark.parametrize(("user_agent", "expected"), DEVICES.values(), ids=DEVICES)
def test_devices_as_their_browsers_name_themselves(user_agent: str, expected: tuple[str, str, str, str]) -> None:
    assert device(user_agent) == Device(*expected)


@given(st.text(max_size=700))
def test_any_header_gives_a_known_answer(user_agent: str) -> None:
    found = device(user_agent)
    assert found.browser in {*BROWSERS.values(), "other"}
    assert found.platform in {*PLATFORMS.values(), "other"}
    assert found.kind in {"desktop", "mobile", "tablet", "tv", "console", "other"}
    assert not found.version or found.browser != "other"
