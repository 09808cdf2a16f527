"""The whole of ``planner serve``: the command, the process that solves, and that none outlives the server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("httpx2")
pytest.importorskip("plotly")
pytest.importorskip("xlsxwriter")

import httpx2

from planner import api
from planner.plan import Plan
from planner.plan.plan import FILES, LIST_FILES

ROOT = Path(__file__).parents[2]
TINY = ROOT / "instances" / "tiny"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are counted in /proc"),
]


class Server:
    """``planner serve`` at work."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "planner", "serve", "--port", "0", "--folder", str(folder)],
            stdout=subprocess.PIPE, text=True, env=dict(os.environ, PYTHONPATH=str(ROOT)),
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split()[2]
        self.client = httpx2.Client(base_url=self.address, timeout=60)

    def ask(self, text: str, **more: Any) -> int:
        answer = self.client.post("api/solves", json={"instance": text, **more})
        assert answer.status_code == 202, answer.text
        number: int = answer.json()["id"]
        return number

    def state(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"api/solves/{number}").json()
        return found

    def ended(self, number: int) -> dict[str, Any]:
        while (found := self.state(number))["state"] != "ended":
            time.sleep(0.2)
        return found

    def solving(self, number: int) -> None:
        """Wait until the solver has said something."""
        while not self.state(number)["progress"]:
            time.sleep(0.1)

    def below(self) -> set[int]:
        """Processes that it has started, and those that these have."""
        found = {self.process.pid}
        while more := {int(p.name) for p in Path("/proc").glob("[0-9]*") if _parent(p) in found} - found:
            found |= more
        return found - {self.process.pid}


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def gone(pids: set[int]) -> bool:
    """Whether all of them end within ten seconds."""
    for _ in range(100):
        if not any(_parent(Path(f"/proc/{pid}")) for pid in pids):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path / "plans")
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait()


def test_a_question_is_answered_by_files_that_verify(server: Server, tmp_path: Path) -> None:
    number = server.ask((TINY / "01-one-server.yaml").read_text())
    found = server.ended(number)
    assert found["answer"]["status"] == "optimal"
    folder = tmp_path / "plans" / str(number)
    assert set(found["files"]) == {*FILES, *LIST_FILES, "answer.html", "plan.xlsx", "instance.yaml"}
    assert {file.name for file in folder.iterdir()} == {*found["files"], "state.json"}
    assert api.verify(folder).passed
    plan = Plan.read(folder)
    assert plan.objective == pytest.approx(found["answer"]["objective"])
    assert plan.name in server.client.get(f"api/solves/{number}/answer").text
    assert server.client.get(f"api/solves/{number}/files/plan.xlsx").content.startswith(b"PK")
    assert server.client.get(f"api/solves/{number}/changes").status_code == 404
    other = server.ended(server.ask((TINY / "01-one-server.yaml").read_text(), against=number))
    assert "The TCO of Answer 2 is that of Answer 1." in other["answer"]["sentences"][-1]
    assert "Answer 1 and Answer 2" in server.client.get(f"api/solves/{other['id']}/changes").text


def test_why_there_is_no_plan_is_told(server: Server) -> None:
    found = server.ended(server.ask((TINY / "09-infeasible-power.yaml").read_text()))
    assert found["answer"]["status"] == "infeasible"
    assert found["answer"]["sentences"][0].startswith("No plan exists")
    assert found["files"] == ["instance.yaml"]


def test_a_stop_keeps_the_best_plan_so_far_and_the_page_answers_meanwhile(server: Server) -> None:
    number = server.ask((ROOT / "instances" / "studies" / "mixed.yaml").read_text(), time_limit=600, gap=0)
    while server.state(number)["progress"].get("objective") is None:
        time.sleep(0.2)
    assert server.client.get("/").status_code == 200
    server.client.post(f"api/solves/{number}/stop")
    found = server.ended(number)
    assert found["answer"]["status"] == "feasible"
    assert "interrupted" in found["answer"]["sentences"][0]
    assert "answer.html" in found["files"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(server: Server, how: signal.Signals) -> None:
    number = server.ask((ROOT / "instances" / "studies" / "mixed.yaml").read_text(), time_limit=600)
    server.solving(number)
    below = server.below()
    assert len(below) >= 2  # the one that solves, and its solver
    server.process.send_signal(how)
    assert server.process.wait(20) == (0 if how is not signal.SIGKILL else -signal.SIGKILL)
    assert gone(below)


def test_a_temporary_folder_goes_with_the_server(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT), TMPDIR=str(tmp_path)),
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().split()[2]
    with httpx2.Client(base_url=address) as client:
        client.post("api/solves", json={"instance": api.template("one-rack")})
    assert [folder.name.startswith("planner-") for folder in tmp_path.iterdir()] == [True]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_browser_asks_and_reads_the_answer(server: Server, tmp_path: Path) -> None:
    """A template, a figure changed for the worse and for the better, the answer beside its downloads."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no chromium with its chromedriver on this machine")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for setting in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(setting)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    shown = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))

    def wait(script: str) -> Any:
        for _ in range(300):
            if found := shown.execute_script(f"return {script}"):
                return found
            time.sleep(0.2)
        raise AssertionError(f"never: {script}")

    try:
        shown.get(server.address)
        rate = "document.querySelector('input[data-key=\"workloads.assistant.requests_per_second\"]')"
        wait(rate)
        field = shown.execute_script(f"return {rate}")
        field.clear()
        field.send_keys("-2")
        said = wait("[...document.querySelectorAll('#verdict .fault')].map((e) => e.textContent).join()")
        assert said.startswith("line 18: workloads.assistant.requests_per_second: found -2;")
        assert shown.execute_script("return document.getElementById('solve').disabled")
        field.clear()
        field.send_keys("0.25")
        wait("document.querySelector('#verdict .fine') && !document.getElementById('solve').disabled")
        assert "requests_per_second: 0.25   # yours" in shown.execute_script(
            "return document.getElementById('instance').value"
        )
        shown.execute_script("document.getElementById('solve').click()")
        assert "The plan buys 1 accelerator in 1 server" in wait(
            "!document.getElementById('page').hidden && document.getElementById('answer-words').textContent"
        )
        wait("document.querySelectorAll('#downloads a').length === 9")
        shown.switch_to.frame("page")
        assert wait("document.querySelector('h1') && document.querySelector('h1').textContent") == "one-rack"
        assert wait("document.querySelectorAll('.chart svg').length") > 0
        assert [row for row in shown.get_log("browser") if row["level"] == "SEVERE"] == []
    finally:
        shown.quit()
