"""The page and what it asks for, as an application of Starlette. Answers are JSON unless they are pages or files.

| request | does |
|---|---|
| ``GET /api/templates`` | names and questions of the templates |
| ``GET /api/templates/{name}`` | one as text |
| ``POST /api/check`` | faults or remarks of an instance, and its figures |
| ``POST /api/solves`` | takes an instance to solve |
| ``GET /api/solves`` | every question, the latest first |
| ``GET /api/solves/{id}`` | one |
| ``POST /api/solves/{id}/stop`` | ends it with the best plan so far; asked again, at once |
| ``GET /api/solves/{id}/answer``, ``.../changes`` | the plan as a page; what differs from an earlier one |
| ``GET /api/solves/{id}/files/{name}`` | one of its files |

No request names a path: files are those that a question is known to have, by number and name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from planner import api
from planner.errors import Fault, InstanceError
from planner.report.outcomes import fault_lines, fault_rows
from planner.serve.access import COOKIE, Access
from planner.serve.figures import figures
from planner.serve.solves import MOST_WAITING, FullError, Solve, Solves, State
from planner.serve.worker import ANSWER, CHANGES, SOURCE

MOST_BYTES = 2 * 2**20
"""Of a request: an instance of the largest size, with what JSON needs to write it."""
MOST_SECONDS = 3600.0
DEFAULT_SECONDS = 60.0
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ANSWER_POLICY = "sandbox allow-scripts allow-popups allow-modals; frame-ancestors 'self'"
"""An answer has no part in the page around it: whatever it holds, it cannot ask anything of this server."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
KINDS = {"ask.html": "text/html", "ask.js": "text/javascript", "ask.css": "text/css"}
Handler = Callable[[Request], Awaitable[Response]]


def application(solves: Solves, access: Access) -> Starlette:
    """The page, over questions that are solved elsewhere.

    Args:
        solves: takes the questions.
        access: what requests must show.
    """
    served = _Served(solves)
    routes = [
        Route("/", _static("ask.html")),
        Route("/ask.js", _static("ask.js")),
        Route("/ask.css", _static("ask.css")),
        Route("/api/templates", served.templates),
        Route("/api/templates/{name}", served.template),
        Route("/api/check", served.check, methods=["POST"]),
        Route("/api/solves", served.solves),
        Route("/api/solves", served.ask, methods=["POST"]),
        Route("/api/solves/{id:int}", served.solve),
        Route("/api/solves/{id:int}/stop", served.stop, methods=["POST"]),
        Route("/api/solves/{id:int}/answer", served.answer),
        Route("/api/solves/{id:int}/changes", served.changes),
        Route("/api/solves/{id:int}/files/{name}", served.file),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(_Guard, access=access)],
        exception_handlers={HTTPException: _told},
    )


class _Guard:
    """Refuses what the access does not allow, and adds what every answer has."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        request = Request(scope)
        if objection := self.access.objection(request):
            await JSONResponse({"error": objection}, 403)(scope, receive, send_more)
        elif self.access.token and self.access.token_in_address(request):
            answer = RedirectResponse("/", 303)  # so that the token stands in no history
            answer.set_cookie(COOKIE, self.access.token, httponly=True, samesite="strict")
            await answer(scope, receive, send_more)
        else:
            await self.app(scope, receive, send_more)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def _static(name: str) -> Handler:
    """A file of the page, which is the same for everybody."""
    content = (files("planner.serve") / "page" / name).read_bytes()

    async def serve(request: Request) -> Response:
        policy = {"content-security-policy": PAGE_POLICY, "cross-origin-opener-policy": "same-origin"}
        return Response(content, media_type=KINDS[name], headers=policy)

    return serve


class _Served:
    """What each request does."""

    def __init__(self, solves: Solves) -> None:
        self.taken = solves
        self.one_at_a_time = anyio.CapacityLimiter(1)
        """Texts are read one after the other, whoever sends how many."""

    async def templates(self, request: Request) -> Response:
        return JSONResponse([{"template": name, "asks": asks} for name, asks in api.templates().items()])

    async def template(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in api.templates():
            raise HTTPException(
                404, f"found no template {name[:60]!r}; one of {', '.join(api.templates())} is accepted"
            )
        return JSONResponse({"template": name, "instance": api.template(name)})

    async def check(self, request: Request) -> Response:
        text = _text(await _body(request))
        return JSONResponse(await self._read(_checked, text))

    async def ask(self, request: Request) -> Response:
        body = await _body(request)
        text = _text(body)
        gap = _number(body, "gap", api.DEFAULT_GAP, 0.0, 0.99)
        seconds = _number(body, "time_limit", DEFAULT_SECONDS, 1.0, MOST_SECONDS)
        against = self._earlier(body)
        try:
            instance = await self._read(lambda: api.load_text(text, SOURCE))
            solve = self.taken.ask(text, instance.name, instance.currency.unit, gap, seconds, against)
        except InstanceError as error:
            return JSONResponse({"error": "the instance is not valid", **_faults(error.faults)}, 422)
        except FullError:
            most = f"found {MOST_WAITING} questions that wait; ask again when one of them has ended"
            raise HTTPException(429, most) from None
        except OSError as error:
            raise HTTPException(507, f"the folder of the answers cannot be written to: {error.strerror}") from None
        return JSONResponse(self._state(solve), 202, headers={"location": f"/api/solves/{solve.id}"})

    async def solves(self, request: Request) -> Response:
        return JSONResponse([self._state(solve) for solve in self.taken.all()])

    async def solve(self, request: Request) -> Response:
        return JSONResponse(self._state(self._found(request)))

    async def stop(self, request: Request) -> Response:
        solve = self._found(request)
        await run_in_threadpool(self.taken.stop, solve)
        return JSONResponse(self._state(solve))

    async def answer(self, request: Request) -> Response:
        return self._page(request, ANSWER)

    async def changes(self, request: Request) -> Response:
        return self._page(request, CHANGES)

    def _page(self, request: Request, name: str) -> Response:
        solve = self._found(request)
        if name not in solve.files:
            raise HTTPException(404, "found no such page of this question; it is there once there is a plan")
        policy = {"content-security-policy": ANSWER_POLICY}
        return FileResponse(solve.folder / name, media_type="text/html", headers=policy)

    def _earlier(self, body: dict[str, Any]) -> Solve | None:
        """The question to compare with, if one is named."""
        number = body.get("against")
        if number is None:
            return None
        solve = self.taken.get(number) if type(number) is int else None
        if solve is None or ANSWER not in solve.files:
            raise HTTPException(400, f"found against: {str(number)[:40]}; the id of a question with a plan is accepted")
        return solve

    async def file(self, request: Request) -> Response:
        solve, name = self._found(request), request.path_params["name"]
        if name not in solve.files:
            there = f"one of {', '.join(solve.files)}" if solve.files else "none yet"
            raise HTTPException(404, f"found no file {name[:60]!r} of this question; {there} is accepted")
        policy = {"content-security-policy": ANSWER_POLICY}
        return FileResponse(solve.folder / name, filename=name, headers=policy)

    async def _read(self, read: Callable[..., Any], *arguments: Any) -> Any:
        return await anyio.to_thread.run_sync(read, *arguments, limiter=self.one_at_a_time)

    def _found(self, request: Request) -> Solve:
        number = request.path_params["id"]
        solve = self.taken.get(number)
        if solve is None:
            raise HTTPException(
                404, f"found no question {str(number)[:20]}; GET /api/solves lists those that are known"
            )
        return solve

    def _state(self, solve: Solve) -> dict[str, Any]:
        """A question as its reader sees it."""
        return {
            "id": solve.id,
            "name": solve.name,
            "state": str(solve.state),
            "before": self.taken.place(solve) if solve.state is State.WAITING else 0,
            "seconds": round(solve.seconds(), 1),
            "gap": solve.gap,
            "time_limit": solve.time_limit,
            "against": None if solve.against is None else solve.against.id,
            "stopped": solve.stopped > 0,
            "currency": solve.currency,
            "progress": solve.progress,
            "answer": solve.answer,
            "files": list(solve.files),
        }


def _checked(text: str) -> dict[str, Any]:
    """Whether a text is an instance, what is wrong with it or read by nothing, and its figures."""
    remarks: list[Fault] = []
    try:
        api.load_text(text, SOURCE, remarks)
        found: dict[str, Any] = {"valid": True, "faults": [], "lines": [], "remarks": fault_lines(remarks)}
    except InstanceError as error:
        found = {"valid": False, **_faults(error.faults), "remarks": []}
    return {**found, "figures": [asdict(figure) for figure in figures(text)]}


def _faults(faults: tuple[Fault, ...]) -> dict[str, Any]:
    return {"faults": fault_rows(faults), "lines": fault_lines(faults)}


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings, within bounds."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, f"found a body of type {kind[:60]!r}; application/json is accepted")
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > MOST_BYTES:
                raise HTTPException(413, f"found more than {MOST_BYTES:,} bytes; at most that many are accepted")
    except ClientDisconnect:
        raise HTTPException(400, "found the end of the connection before that of the body") from None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise HTTPException(400, "found a body that is no JSON; an object with instance is accepted") from None
    if not isinstance(found, dict):
        raise HTTPException(400, f"found JSON that is a {type(found).__name__}; an object with instance is accepted")
    if unknown := set(found) - {"instance", "gap", "time_limit", "against"}:
        word = f"found the key {min(unknown)[:60]!r}"
        raise HTTPException(400, f"{word}; instance, gap, time_limit (seconds) and against are accepted")
    return found


def _text(body: dict[str, Any]) -> str:
    text = body.get("instance")
    if not isinstance(text, str):
        raise HTTPException(400, f"found instance: {type(text).__name__}; the text of an instance file is accepted")
    return text


def _number(body: dict[str, Any], key: str, default: float, least: float, most: float) -> float:
    value = body.get(key, default)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not least <= value <= most
        or math.isnan(value)
    ):
        raise HTTPException(400, f"found {key}: {str(value)[:40]}; a number from {least:g} to {most:g} is accepted")
    return float(value)
