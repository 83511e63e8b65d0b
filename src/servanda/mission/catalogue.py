"""What ``servanda sources`` tells."""

from textwrap import fill, indent
from typing import Any

from servanda.sources.base import Source
from servanda.sources.fetching import Fetch
from servanda.sources.registry import sources

LABELS = {
    "provider": "Provider",
    "licence": "Licence",
    "citation": "Cite as",
    "asks": "Asks of users",
    "reliability": "Reliability",
    "watch_model": "Watch model",
    "aux": "Extra files",
}


def facts() -> list[dict[str, Any]]:
    """Everything that each source says of itself, in order of name."""
    return [_facts(s) for s in sources().values()]


def _facts(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "provider": source.provider,
        "licence": source.licence,
        "citation": source.citation,
        "url": source.url,
        "asks": source.asks,
        "reliability": source.reliability,
        "reliability_why": source.reliability_why,
        "witness_group": source.witness_group,
        "time_zone": source.time_zone,
        "latency_h": source.latency.total_seconds() / 3600.0,
        "sigma_m": source.sigma_m,
        "watch_model": source.watch_model,
        "is_monitor": source.is_monitor,
        "aux": dict(source.aux),
        "flags": dict(source.flags),
        "fields_used": dict(source.fields.used),
        "fields_ignored": dict(source.fields.ignored),
        "fetch": [_fetch(f) for f in source.fetch],
        "settings": {k: str(v.get_default(call_default_factory=True)) for k, v in source.settings.model_fields.items()},
    }


def _fetch(fetch: Fetch) -> dict[str, Any]:
    return {
        "from": fetch.name,
        "title": fetch.title,
        "asks": fetch.asks,
        "url": fetch.url,
        "rate": fetch.rate.stated,
        "every_s": fetch.rate.every_s,
        "keys": {key.name: key.what for key in fetch.keys},
        "query": {
            name: "required" if field.is_required() else str(field.get_default(call_default_factory=True))
            for name, field in fetch.parameters.model_fields.items()
        },
    }


def _fetched(fetch: dict[str, Any]) -> str:
    """How a source is fetched, in one paragraph."""
    keys = "; ".join(f"{name} ({what})" for name, what in fetch["keys"].items()) or "none"
    query = ", ".join(f"{name} ({default})" for name, default in fetch["query"].items())
    return (
        f"Pull from {fetch['from']}: {fetch['title']}. {fetch['asks']} Limit: {fetch['rate']} "
        f"Environment variables: {keys}. Query: {query}. See {fetch['url']}"
    )


def describe() -> str:
    """The same in plain text."""
    out = []
    for known in facts():
        lines = [f"{known['name']}: {known['title']}"]
        for key, label in LABELS.items():
            value = known[key]
            if key == "reliability":
                value = f"{value}. {known['reliability_why']}"
            if key == "aux":
                value = "; ".join(f"{n}: {what}" for n, what in value.items()) or "none"
            lines.append(indent(fill(f"{label}: {value}", 100, subsequent_indent="    "), "  "))
        lines += [indent(fill(_fetched(f), 100, subsequent_indent="    "), "  ") for f in known["fetch"]]
        out.append("\n".join(lines))
    return "\n\n".join(out)
