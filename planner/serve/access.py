"""Who may ask: a browser on this machine that shows our own page, or one that has the token.

A page of another site can send requests to this machine too, under a name of its own that leads here (DNS rebinding)
or across sites; the Host and Origin that browsers state, and that scripts cannot forge, tell them apart.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass

from starlette.requests import Request

COOKIE = "planner"


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "planner.example")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def written(host: str) -> str:
    """A host as it stands in an address.

    >>> written("::1"), written("localhost")
    ('[::1]', 'localhost')
    """
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True)
class Access:
    """What requests must show.

    Attributes:
        hosts: values of Host that are accepted; empty for any, which needs a token.
        token: what a cookie, an ``Authorization: Bearer`` or, for the page, ``?token=`` must have; empty for none.
    """

    hosts: frozenset[str] = frozenset()
    token: str = ""

    def __post_init__(self) -> None:
        if not self.hosts and not self.token:
            raise ValueError("access for any host needs a token")

    def objection(self, request: Request) -> str:
        """Why a request is refused; empty if it is not."""
        host = request.headers.get("host", "")
        if self.hosts and host.lower() not in self.hosts:
            return f"found the host {host[:80]!r}; one of {', '.join(sorted(self.hosts))} is accepted"
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            return f"found a request from a page of {origin[:80]!r}; only the page of this server may ask"
        if origin is None and request.method not in ("GET", "HEAD") and self._is_from_elsewhere(request):
            return "found a request from another site; only the page of this server may ask"
        if self.token and not self._has_token(request):
            return "found no token; the address that planner serve printed has it"
        return ""

    def _is_from_elsewhere(self, request: Request) -> bool:
        return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")

    def _has_token(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        shown = (request.cookies.get(COOKIE, ""), bearer, self.token_in_address(request))
        return any(hmac.compare_digest(one.encode(), self.token.encode()) for one in shown)

    def token_in_address(self, request: Request) -> str:
        """The token that the address of the page carries, if it does."""
        return request.query_params.get("token", "") if request.scope["path"] == "/" else ""
