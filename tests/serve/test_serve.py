"""The page to ask on: who may ask and how much, what is said of a bad instance, how questions wait, stop and end.

Nothing is solved here: a small process stands for the one that solves (``test_serve_solves.py`` has the real one).
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient
from typer.testing import CliRunner

from planner import api
from planner.cli import serve as command
from planner.cli.main import command_line
from planner.errors import InstanceError
from planner.report.outcomes import fault_rows
from planner.serve import solves as room
from planner.serve.access import Access
from planner.serve.app import MOST_BYTES, application
from planner.serve.figures import figures
from planner.serve.solves import MOST_WAITING, Solves

HOST = "127.0.0.1:8765"
ONE_RACK = api.template("one-rack")
WORDS = [
    {"file": "instance.yaml"}, {"progress": {"objective": 2.0, "bound": 1.0, "gap": 0.5}},
    {"step": "writing"}, {"file": "plan.json"}, {"file": "answer.html"},
    {"ended": {"status": "optimal", "sentences": ["Optimal."]}},
]  # fmt: skip
QUICK = f"""
import json, pathlib, sys
folder = pathlib.Path(json.loads(sys.stdin.readline())["folder"])
(folder / "plan.json").write_text("the plan")
(folder / "answer.html").write_text("<p>the page</p>")
for word in {WORDS!r}: print(json.dumps(word), flush=True)
"""
PATIENT = """
import json, sys
sys.stdin.readline()
print(json.dumps({"progress": {"objective": 2.0, "bound": None, "gap": None}}), flush=True)
for line in sys.stdin:
    print(json.dumps({"ended": {"status": "feasible", "sentences": [line.strip()]}}), flush=True)
"""
DEAF = "import sys, time; sys.stdin.readline(); time.sleep(600)"


def stand_in(monkeypatch: pytest.MonkeyPatch, script: str) -> list[subprocess.Popen[bytes]]:
    """Have a script stand for the process that solves; every one that is started."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen([sys.executable, "-S", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        return started[-1]

    monkeypatch.setattr(room, "_start", start)
    return started


@pytest.fixture
def solves(tmp_path: Path) -> Iterator[Solves]:
    with Solves(tmp_path) as found:
        yield found


def client(solves: Solves, access: Access | None = None) -> TestClient:
    app = application(solves, access or Access(frozenset({HOST})))
    return TestClient(app, base_url=f"http://{HOST}", follow_redirects=False)


def until(done: Callable[[], Any]) -> Any:
    """What a function gives once it gives something."""
    for _ in range(2000):
        if found := done():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


def ended(asked: TestClient, number: int) -> dict[str, Any]:
    return until(lambda: (s := asked.get(f"/api/solves/{number}").json())["state"] == "ended" and s)


# Who may ask


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"host": "evil.example:8765"}, 403),
        ("GET", {"host": "127.0.0.1.evil.example:8765"}, 403),
        ("GET", {"host": "127.0.0.1:80"}, 403),
        ("GET", {"host": ""}, 403),
        ("GET", {"origin": "http://evil.example"}, 403),
        ("POST", {}, 200),
        ("POST", {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}, 200),
        ("POST", {"origin": "http://evil.example"}, 403),
        ("POST", {"origin": "http://127.0.0.1:9999"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", {"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_the_page_of_this_server_may_ask(
    solves: Solves, method: str, headers: dict[str, str], status: int
) -> None:
    path, body = ("/api/templates", None) if method == "GET" else ("/api/check", {"instance": "a: 1"})
    answer = client(solves).request(method, path, headers=headers, json=body)
    assert answer.status_code == status
    assert status == 200 or "is accepted" in answer.json()["error"] or "may ask" in answer.json()["error"]


def test_beyond_this_machine_a_token_is_asked_for(solves: Solves) -> None:
    asked = client(solves, Access(token="secret"))
    assert asked.get("/").status_code == 403
    assert asked.get("/?token=guess").status_code == 403
    assert asked.get("/api/templates?token=secret").status_code == 403  # in the address of the page alone
    assert asked.get("/api/templates", headers={"authorization": "Bearer secret"}).status_code == 200
    entered = asked.get("/?token=secret")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert re.search(r"HttpOnly.*SameSite=strict", entered.headers["set-cookie"])
    assert asked.get("/api/templates").status_code == 200  # by the cookie
    with pytest.raises(ValueError, match="needs a token"):
        Access()


# How much may be asked


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"a=1", "application/x-www-form-urlencoded", 415, "application/json is accepted"),
        (b'{"instance": "a: 1"}', "text/plain", 415, "application/json is accepted"),
        (b"{", "application/json", 400, "no JSON"),
        (b"[" * 100_000, "application/json", 400, "no JSON"),
        (b"\xff", "application/json", 400, "no JSON"),
        (b"[]", "application/json", 400, "found JSON that is a list"),
        (b"{}", "application/json", 400, "found instance: NoneType; the text of an instance file is accepted"),
        (b'{"instance": "a", "folder": "/etc"}', "application/json", 400, "found the key 'folder'"),
        (b'{"instance": "a", "time_limit": 1e9}', "application/json", 400, "a number from 1 to 3600 is accepted"),
        (b'{"instance": "a", "time_limit": NaN}', "application/json", 400, "a number from 1 to 3600 is accepted"),
        (b'{"instance": "a", "against": 1}', "application/json", 400, "the id of a question with a plan is accepted"),
        (b'{"instance": "a", "against": "../1"}', "application/json", 400, "found against: ../1; the id of a question"),
        (b'{"instance": "a", "gap": true}', "application/json", 400, "a number from 0 to 0.99 is accepted"),
        (b" " * (MOST_BYTES + 1), "application/json", 413, "at most that many are accepted"),
    ],
)
def test_what_is_no_question_is_refused_in_a_sentence(
    solves: Solves, body: bytes, kind: str, status: int, said: str
) -> None:
    answer = client(solves).post("/api/solves", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert solves.all() == []


def test_an_instance_of_more_than_a_megabyte_is_refused(solves: Solves) -> None:
    answer = client(solves).post("/api/solves", json={"instance": "#" * (2**20 + 1)})
    assert answer.status_code == 422
    assert answer.json()["lines"] == ["instance: found 1,048,577 bytes; an instance of at most 1,048,576 is accepted"]
    half = client(solves).post("/api/check", content=b'{"instance": "a: \\ud800"}', headers=JSON)
    assert "half a character" in half.json()["lines"][0]


JSON = {"content-type": "application/json"}


# What is said of an instance


def test_faults_are_those_that_the_command_line_names(solves: Solves, tmp_path: Path) -> None:
    bad = ONE_RACK.replace("requests_per_second: 0.5", "requests_per_second: -1").replace("scope: it", "scoop: it")
    file = tmp_path / "instance.yaml"
    file.write_text(bad)
    with pytest.raises(InstanceError) as error:
        api.load_instance(file)
    expected = [{**row, "file": "instance"} for row in fault_rows(error.value.faults)]
    for path in ("/api/check", "/api/solves"):
        answer = client(solves).post(path, json={"instance": bad})
        assert answer.json()["faults"] == expected
        assert answer.json()["lines"][0].startswith("instance:9: scoop: ")
    assert {row["line"] for row in expected} == {9, 18}
    assert client(solves).post("/api/solves", json={"instance": bad}).status_code == 422


def test_a_question_can_name_no_file(solves: Solves) -> None:
    for name in ("/etc/passwd", "../secret.csv", "rows.csv"):
        text = ONE_RACK.replace("catalogue:\n", f"catalogue:\n  files: [{name}]\n")
        answer = client(solves).post("/api/solves", json={"instance": text})
        assert answer.status_code == 422
        assert answer.json()["lines"] == [
            f"instance: catalogue.files: found {name!r}; only an instance in a file can name files"
        ]


def test_figures_stand_where_they_are_said_to_stand() -> None:
    for name in api.templates():
        text = api.template(name)
        found = figures(text)
        assert any(figure.yours for figure in found)
        for figure in found:
            assert text[figure.begin : figure.end] == figure.value
            assert figure.value in text.split("\n")[figure.line - 1]
    by_key = {figure.key: figure for figure in figures(ONE_RACK)}
    rate = by_key["workloads.assistant.requests_per_second"]
    assert (rate.line, rate.value, rate.note) == (18, "0.5", "yours: mean of a day, 43,200 requests")
    assert (rate.yours, by_key["sites.office.tariff_per_kwh"].yours) == (True, False)
    assert rate.accepts == "a number above 0 and at most 1e+12"


def test_figures_behind_letters_of_four_bytes_are_counted_in_characters() -> None:
    text = "name: \U0001f600\nscope: 'it'   # yours\nlong: |\n  two\n  lines\n"
    assert [(f.key, text[f.begin : f.end], f.yours) for f in figures(text)] == [
        ("name", "\U0001f600", False),
        ("scope", "'it'", True),
    ]


def test_templates_are_those_of_the_command(solves: Solves) -> None:
    asked = client(solves)
    assert {row["template"]: row["asks"] for row in asked.get("/api/templates").json()} == api.templates()
    assert asked.get("/api/templates/one-rack").json()["instance"] == ONE_RACK
    assert "found no template 'two'" in asked.get("/api/templates/two").json()["error"]
    checked = asked.post("/api/check", json={"instance": ONE_RACK}).json()
    assert (checked["valid"], checked["faults"], checked["remarks"]) == (True, [], [])


# How a question is solved


def test_a_question_is_solved_and_its_files_are_handed_out(
    solves: Solves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, QUICK)
    asked = client(solves)
    answer = asked.post("/api/solves", json={"instance": ONE_RACK, "time_limit": 30, "gap": 0.01})
    assert (answer.status_code, answer.headers["location"]) == (202, "/api/solves/1")
    found = ended(asked, 1)
    assert found["answer"] == {"status": "optimal", "sentences": ["Optimal."]}
    assert found["progress"] == {"objective": 2.0, "bound": 1.0, "gap": 0.5}
    assert (found["name"], found["currency"], found["time_limit"], found["gap"]) == ("one-rack", "USD", 30.0, 0.01)
    page = asked.get("/api/solves/1/answer")
    assert page.text == "<p>the page</p>"
    assert page.headers["content-security-policy"].startswith("sandbox allow-scripts")
    plan = asked.get("/api/solves/1/files/plan.json")
    assert (plan.text, plan.headers["content-disposition"]) == ("the plan", 'attachment; filename="plan.json"')
    assert asked.get("/api/solves").json() == [found]
    assert [folder.name for folder in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("name", ["bom.csv", "../1/plan.json", "..%2f1%2fplan.json", "%2fetc%2fpasswd", "secret"])
def test_only_files_of_the_question_are_handed_out(
    solves: Solves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stand_in(monkeypatch, QUICK)
    asked = client(solves)
    asked.post("/api/solves", json={"instance": ONE_RACK})
    (tmp_path / "1" / "secret").write_text("kept")
    ended(asked, 1)
    assert asked.get(f"/api/solves/1/files/{name}").status_code == 404
    assert asked.get("/api/solves/2/answer").status_code == 404


def test_one_is_solved_at_a_time_and_stopping_one_begins_the_next(
    solves: Solves, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = stand_in(monkeypatch, PATIENT)
    asked = client(solves)
    for _ in range(3):
        asked.post("/api/solves", json={"instance": ONE_RACK})
    until(lambda: asked.get("/api/solves/1").json()["progress"])
    states = [(row["id"], row["state"], row["before"]) for row in asked.get("/api/solves").json()]
    assert states == [(3, "waiting", 2), (2, "waiting", 1), (1, "solving", 0)]
    assert len(started) == 1
    assert asked.post("/api/solves/3/stop").json()["answer"]["sentences"] == ["Stopped before it was begun."]
    asked.post("/api/solves/1/stop")
    assert ended(asked, 1)["answer"] == {"status": "feasible", "sentences": ["stop"]}
    until(lambda: asked.get("/api/solves/2").json()["progress"])
    assert asked.get("/api/solves/2").json()["state"] == "solving"
    assert len(started) == 2


def test_a_second_stop_ends_what_does_not_listen(solves: Solves, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, DEAF)
    asked = client(solves)
    asked.post("/api/solves", json={"instance": ONE_RACK})
    until(lambda: asked.get("/api/solves/1").json()["state"] == "solving")
    asked.post("/api/solves/1/stop")
    assert asked.get("/api/solves/1").json()["state"] == "solving"
    asked.post("/api/solves/1/stop")
    assert ended(asked, 1)["answer"] == {"status": "no_plan", "sentences": ["Ended at once, without a plan."]}


def test_as_many_wait_as_may(solves: Solves, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, DEAF)
    asked = client(solves)
    asked.post("/api/solves", json={"instance": ONE_RACK})
    until(lambda: asked.get("/api/solves/1").json()["state"] == "solving")
    for _ in range(MOST_WAITING):
        assert asked.post("/api/solves", json={"instance": ONE_RACK}).status_code == 202
    refused = asked.post("/api/solves", json={"instance": ONE_RACK})
    assert refused.status_code == 429
    assert refused.json()["error"].startswith(f"found {MOST_WAITING} questions that wait; ask again when")


def test_a_process_that_fails_is_told_and_the_next_question_is_solved(
    solves: Solves, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, "print('no JSON')")
    asked = client(solves)
    asked.post("/api/solves", json={"instance": ONE_RACK})
    assert ended(asked, 1)["answer"]["sentences"] == ["The process that solved it ended without an answer."]
    stand_in(monkeypatch, QUICK)
    asked.post("/api/solves", json={"instance": ONE_RACK})
    assert ended(asked, 2)["answer"]["status"] == "optimal"


def test_the_end_of_the_server_ends_what_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = stand_in(monkeypatch, DEAF)
    with Solves(tmp_path) as solves:
        for _ in range(2):
            solves.ask(ONE_RACK, "a", "USD", 0.1, 10.0)
        until(lambda: started)
    assert [process.poll() is not None for process in started] == [True]
    with pytest.raises(room.FullError):
        solves.ask(ONE_RACK, "a", "USD", 0.1, 10.0)


def test_folders_of_an_earlier_server_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "plan.json").write_text("of yesterday")
    stand_in(monkeypatch, QUICK)
    with Solves(tmp_path) as solves:
        solve = solves.ask(ONE_RACK, "a", "USD", 0.1, 10.0)
        until(lambda: solve.took is not None)
    assert (solve.id, solve.folder) == (2, tmp_path / "2")
    assert (tmp_path / "1" / "plan.json").read_text() == "of yesterday"


STATE = '{"name": "a", "currency": "USD", "gap": 0, "time_limit": 1, "took": 1e999, "files": [],'
STATE += '"answer": {"sentences": []}}'
"""A state whose seconds are no number."""


def test_a_later_server_knows_what_ended_under_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, QUICK)
    with Solves(tmp_path) as solves:
        asked = client(solves)
        asked.post("/api/solves", json={"instance": ONE_RACK})
        before = ended(asked, 1)
    for number, state in ((2, "{"), (3, "[]"), (4, '{"answer": {"sentences": [1]}}'), (5, "[" * 100_000), (7, STATE)):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "state.json").write_text(state)
    state = json.loads((tmp_path / "1" / "state.json").read_text())
    (tmp_path / "6").mkdir()
    (tmp_path / "6" / "state.json").write_text(json.dumps({**state, "files": ["../1/plan.json", "state.json"]}))
    with Solves(tmp_path) as solves:
        asked = client(solves)
        assert [row["id"] for row in asked.get("/api/solves").json()] == [6, 1]
        assert {**asked.get("/api/solves/1").json(), "files": 0, "progress": 0} == {**before, "files": 0, "progress": 0}
        assert set(asked.get("/api/solves/1").json()["files"]) == {"plan.json", "answer.html"}  # what is there
        assert asked.get("/api/solves/1/files/plan.json").text == "the plan"
        assert asked.get("/api/solves/6").json()["files"] == []
        assert asked.post("/api/solves", json={"instance": ONE_RACK}).json()["id"] == 8


# The page


def test_the_page_needs_nothing_but_this_server_and_shows_text_as_text(solves: Solves) -> None:
    asked = client(solves)
    policy = asked.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    for name in ("", "ask.js", "ask.css"):
        answer = asked.get(f"/{name}")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.findall(r"https?://|//[a-z]+\.", answer.text) == []
    script = (files("planner.serve") / "page" / "ask.js").read_text()
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script) == []
    page = (files("planner.serve") / "page" / "ask.html").read_text()
    assert re.findall(r"<script(?! src=)|<style|\bon[a-z]+=|style=", page) == []


# The command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command_line(["serve", "new"]), ["serve", *arguments])


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "uvicorn" else name)
    found = run()
    assert found.exit_code == 2
    assert "uvicorn is not installed; pip install 'ai-capacity-planner[serve]' brings them all" in found.stderr


def test_an_address_or_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = run("--folder", str(tmp_path / "file"))
    assert (found.exit_code, "is a file; a folder is accepted" in found.stderr) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = run("--port", str(taken.getsockname()[1]), "--folder", str(tmp_path / "new"))
    assert (found.exit_code, "--port 0 takes a free one" in found.stderr) == (2, True)
    found = run("--host", "no such host")
    assert (found.exit_code, "cannot be listened on" in found.stderr) == (2, True)
