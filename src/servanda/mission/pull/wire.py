"""Requests to answers: keys put in at the last moment, a pause between requests to a host, redirects, retries, logins.

An answer is streamed; its body is read by whoever asked. TLS certificates are always verified.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx2
import stamina

from servanda import __version__
from servanda.mission.pull.errors import Again, ComeBack, Lacking, Refused
from servanda.mission.pull.keys import TOKEN, Keys
from servanda.sources.fetching import Login, Request

Result = TypeVar("Result")
REDIRECTS = 5
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may work: RFC 9110 and 6585."""
ABSENT = frozenset({404, 410})
LONGEST_PAUSE_S = 60.0
_PORTS = {"https": 443, "http": 80}
_LOGGERS = ("httpx2", "httpcore2", "stamina")
"""They write addresses and headers, in which keys stand."""


@dataclass
class Wire:
    """What every request of one feed shares."""

    client: httpx2.Client
    keys: Keys
    now: Callable[[], datetime]
    """UTC."""
    sleep: Callable[[float], None]
    every_s: float
    attempts: int
    longest_wait_s: float
    allow_http: bool
    login: Login | None = None
    waited_s: float = 0.0
    _last: dict[str, datetime] = field(default_factory=dict)
    _logged_in: bool = False

    def try_again(self, work: Callable[[], Result]) -> Result:
        """Do ``work``, again after a passing fault. Raises Refused, ComeBack or Lacking."""
        try:
            for attempt in stamina.retry_context(
                on=self._wait_for,
                attempts=self.attempts,
                timeout=None,
                wait_initial=1.0,
                wait_max=LONGEST_PAUSE_S,
                wait_jitter=1.0,
            ):
                with attempt:
                    return work()
        except Again as fault:
            raise self._given_up(fault) from None
        raise AssertionError

    def _wait_for(self, fault: Exception) -> bool | float:
        """Whether to try again; after how many seconds, where the provider says so."""
        if not isinstance(fault, Again):
            return False
        if fault.wait_s is None:
            return True
        if fault.wait_s > self.longest_wait_s:
            return False
        self.waited_s += fault.wait_s
        return fault.wait_s

    def _given_up(self, fault: Again) -> Refused | ComeBack:
        if fault.wait_s is not None:
            return ComeBack(self.now() + timedelta(seconds=fault.wait_s))
        what = self.keys.mask(fault.what)
        return Refused(f"{what} {self.attempts} attempts were made.", "Try again later; check the network.", True)

    @contextmanager
    def send(self, request: Request) -> Iterator[httpx2.Response]:
        """One answer with a status of success or 304. Raises Again, Lacking or Refused."""
        self._log_in()
        with self._followed(self._authorised(request)) as response:
            if response.status_code == 401 and self.login is not None:
                self._logged_in = False
                raise Again("The token was not accepted (401).")
            self._judge(response)
            yield response

    def _authorised(self, request: Request) -> Request:
        if self.login is None:
            return request
        return replace(
            request, headers={**request.headers, self.login.header: self.login.form.format(_held(self.login))}
        )

    def _log_in(self) -> None:
        if self.login is None or self._logged_in:
            return
        with self._followed(self.login.request) as response:
            if response.status_code in (400, 401, 403):
                raise Refused("The login was refused: the keys are wrong or not allowed to.", "Check the keys.", True)
            self._judge(response)
            response.read()
            try:
                token = response.json()[self.login.field]
            except (ValueError, KeyError, TypeError):
                raise Refused("The login gave no token.", "Check the keys and the account.", True) from None
        self.keys.hold(self.login.field, str(token))
        self._logged_in = True

    @contextmanager
    def _followed(self, request: Request) -> Iterator[httpx2.Response]:
        """Send, and follow redirects; a key is never taken to another host."""
        for _ in range(REDIRECTS):
            with self._once(request) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                request = self._redirected(request, response)
        raise Refused(f"It redirects more than {REDIRECTS} times.", "Write the final address.", True)

    def _redirected(self, request: Request, response: httpx2.Response) -> Request:
        here = response.url
        there = here.join(response.headers["location"])
        url = self.keys.mask(str(there))
        if _origin(here) == _origin(there):
            return Request(url, (), request.headers, request.form, request.json)
        if request.form is not None or request.json is not None:
            raise Refused(f"It redirects to {there.host}, where no key is sent.", "Write the final address.", True)
        open_headers = {k: v for k, v in request.headers.items() if "${" not in v}
        return Request(url, (), open_headers)

    @contextmanager
    def _once(self, request: Request) -> Iterator[httpx2.Response]:
        filled = self.keys.fill(request)
        host = self._allowed(filled.url)
        self._pause(host)
        body = filled.form is not None or filled.json is not None
        url = httpx2.URL(filled.url)
        try:
            with self.client.stream(
                "POST" if body else "GET",
                url.copy_merge_params(dict(filled.params)) if filled.params else url,
                headers={"Accept-Encoding": "identity", **filled.headers},
                data=filled.form,
                json=filled.json,
            ) as response:
                yield response
        except httpx2.TransportError as error:
            raise Again(f"{host} could not be reached or broke off ({type(error).__name__}: {error}).") from None

    def _allowed(self, url: str) -> str:
        try:
            address = httpx2.URL(url)
        except httpx2.InvalidURL:
            raise Refused("The address cannot be read.", "Check the address in the mission file.", True) from None
        if address.scheme != "https" and not (self.allow_http and address.scheme == "http"):
            what = f"{address.host or 'The address'} is not asked over https."
            raise Refused(what, "Write https://, or set 'allow_http: true' for a server in your own house.", True)
        return address.host

    def _pause(self, host: str) -> None:
        """Keep the distance between two requests to one host."""
        now = self.now()
        if host in self._last:
            rest = self.every_s - (now - self._last[host]).total_seconds()
            if rest > 0:
                self.sleep(rest)
                self.waited_s += rest
                now = self.now()
        self._last[host] = now

    def _judge(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status in PASSING:
            raise Again(f"{response.url.host} answers {status}.", self._asked_to_wait(response))
        if status in ABSENT:
            raise Lacking(f"{response.url.host} has no such file ({status}).")
        if status in (401, 403):
            what = f"{response.url.host} does not let us in ({status})."
            raise Refused(what, "Check the keys, and that the account may see this.", True)
        if not (200 <= status < 300 or status in (304, 416)):
            raise Refused(f"{response.url.host} answers {status}.", "Check the address and what is asked for.")

    def following(self, before: Request, after: Request) -> Request:
        """The request for a next page: same host, as well encrypted. Raises Refused for another host."""
        here = httpx2.URL(self.keys.fill(before).url)
        there = here.join(self.keys.fill(after).url)
        if there.host != here.host:
            what = f"The next page would be on {there.host}, not on {here.host}: no key is sent there."
            raise Refused(what, "Check with the provider.", True)
        # Servers behind a proxy give addresses as they see themselves, often without encryption.
        return replace(after, url=self.keys.mask(str(there.copy_with(scheme=here.scheme, port=here.port))))

    def _asked_to_wait(self, response: httpx2.Response) -> float | None:
        """Seconds that the provider asks for: Retry-After as seconds or date (RFC 9110), or OpenSky's own header."""
        text = response.headers.get("Retry-After") or response.headers.get("X-Rate-Limit-Retry-After-Seconds")
        if text is None:
            return None
        if text.strip().isdigit():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self.now()).total_seconds())


def _held(login: Login) -> str:
    return "${" + TOKEN + login.field + "}"


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


@contextmanager
def client(transport: httpx2.BaseTransport | None, timeout_s: float) -> Iterator[httpx2.Client]:
    """A client that follows no redirect by itself, and whose libraries say nothing while it is open."""
    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        headers = {"User-Agent": f"servanda/{__version__}"}
        with httpx2.Client(transport=transport, timeout=timeout_s, headers=headers, follow_redirects=False) as opened:
            yield opened
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
