"""A headless Chromium for the tests of pages.

Needs selenium (requirements-browser.txt) and Debian's chromium and chromium-driver; run by scripts/check-browser.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser puts what is saved."""
    return Path(tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def browser(downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.unhandled_prompt_behavior = "accept"  # that marks would be lost
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


def screen(browser: Any, width: int, height: int, *, dark: bool = False) -> None:
    """Make the window so large, and the system light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def leave(browser: Any) -> None:
    """Leave for an empty page, and be there: the driver does not wait, and hangs when the next follows too soon."""
    browser.get("about:blank")
    while browser.execute_script("return location.href + ' ' + document.readyState") != "about:blank complete":
        time.sleep(0.01)


def errors(browser: Any) -> list[Any]:
    """What the browser itself complains of."""
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
