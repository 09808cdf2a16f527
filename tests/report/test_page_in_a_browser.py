"""The page in a real browser: charts are drawn, nothing is loaded or refused, and it fits a phone and a sheet of A4."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_page import text

from planner.report import charts

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SETTINGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="no chromium with its chromedriver on this machine"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser that shows the page."""
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for setting in (*SETTINGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(setting)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("page") / "page.html"
    found.write_text(text(), encoding="utf-8")
    return found


def show(browser: Any, file: Path, width: int) -> None:
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(file.as_uri())


@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_drawn_within_its_width_and_loads_nothing(browser: Any, file: Path, width: int) -> None:
    show(browser, file, width)
    drawn = browser.execute_script(
        "return [...document.querySelectorAll('.chart')].map(c => c.querySelectorAll('.bars path').length)"
    )
    assert len(drawn) == 6
    assert all(drawn)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert browser.get_log("browser") == []  # a script or style that the policy refuses would be told here
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert {url for url in asked if url.startswith(("http:", "https:", "ftp:", "ws"))} == set()


def test_what_scrolls_is_reached_with_the_keyboard(browser: Any, file: Path) -> None:
    show(browser, file, 390)
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    body = browser.find_element("tag name", "body")
    body.send_keys(keys.TAB)
    assert browser.switch_to.active_element.text == "To the answer"
    seen = set()
    for _ in range(40):
        browser.switch_to.active_element.send_keys(keys.TAB)
        seen.add(browser.switch_to.active_element.get_attribute("aria-label"))
    assert {"What is asked for", "Costs"} <= seen


def test_it_prints_on_a4_with_its_charts(browser: Any, file: Path) -> None:
    show(browser, file, 1280)
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    boxes = {tuple(round(float(x)) for x in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", printed)}
    assert boxes == {(0, 0, 595, 842)}  # A4 in points: 210 x 297 mm
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 20
    streams = [zlib.decompress(s) for s in re.findall(rb"stream\r?\n(x.*?)endstream", printed, re.DOTALL)]
    fills = [tuple(map(float, rgb.split())) for s in streams for rgb in re.findall(rb"([\d.]+ [\d.]+ [\d.]+) rg", s)]
    blue = tuple(int(charts.COLOURS[0][n : n + 2], 16) / 255 for n in (1, 3, 5))
    assert any(fill == pytest.approx(blue, abs=0.003) for fill in fills)  # bars of the first series
