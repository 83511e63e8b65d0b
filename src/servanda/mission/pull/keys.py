"""Keys from the environment: put in where a request leaves, masked in everything that comes back or is said."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from servanda.mission.pull.errors import Refused
from servanda.sources.fetching import Request

_NAME = re.compile(r"\$\{([^{}]+)\}")
TOKEN = "token:"
"""Prefix of the names of tokens that a login gave; they live in memory only."""
SHORTEST = 8
"""A key shorter than this is not looked for in data: it would be found by chance."""


class Keys:
    """The keys that requests name. Only keys that were put in are known, so only they can leak, and they are masked."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._tokens: dict[str, str] = {}
        self._used: dict[str, str] = {}

    def hold(self, name: str, value: str) -> None:
        """Keep a token of a login until the program ends."""
        self._tokens[TOKEN + name] = value

    def missing(self, request: Request) -> list[str]:
        """Names in a request for which there is no key."""
        return sorted({n for n in _names(request) if not n.startswith(TOKEN) and not self._env.get(n, "").strip()})

    def fill(self, request: Request) -> Request:
        """The request with its keys in place. Raises Refused when one is not set."""
        missing = self.missing(request)
        if missing:
            names = " and ".join(missing)
            raise Refused(f"{names} is not set.", f"Set it in the environment of the pull: export {missing[0]}=…", True)
        return Request(
            # A key in the path or query of an address must not end it early.
            self._put(request.url, quoted=True),
            tuple((k, self._put(v)) for k, v in request.params),
            {k: self._put(v) for k, v in request.headers.items()},
            None if request.form is None else {k: self._put(v) for k, v in request.form.items()},
            None if request.json is None else {k: self._put(v) for k, v in request.json.items()},
        )

    def _put(self, text: str, quoted: bool = False) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            found = self._tokens.get(name) or self._env[name].strip()
            self._used[name] = found
            return quote(found, safe="") if quoted else found

        return _NAME.sub(value, text)

    def mask(self, text: str) -> str:
        """The text with every key that was used replaced by its ``${NAME}``, however it is quoted."""
        for name, value in sorted(self._used.items(), key=lambda item: (-len(item[1]), item[0])):
            for form in dict.fromkeys((value, quote(value, safe=""), quote_plus(value), quote(value))):
                text = text.replace(form, "${" + name + "}")
        return text

    def in_file(self, path: Path) -> str | None:
        """The name of a key that stands in a file, if one does."""
        secrets = {n: v.encode() for n, v in sorted(self._used.items()) if len(v) >= SHORTEST and not _is_mail(v)}
        if not secrets:
            return None
        longest = max(map(len, secrets.values()))
        tail = b""
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                seen = tail + block
                for name, value in secrets.items():
                    if value in seen:
                        return name
                tail = seen[-longest:]
        return None


def _is_mail(value: str) -> bool:
    """An e-mail address may well be in the data: who sent a form."""
    return "@" in value


def _names(request: Request) -> list[str]:
    texts = [request.url, *(v for _, v in request.params), *request.headers.values()]
    texts += [*(request.form or {}).values(), *(request.json or {}).values()]
    return [name for text in texts for name in _NAME.findall(text)]
