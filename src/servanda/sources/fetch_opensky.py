"""Fetching OpenSky state vectors: one snapshot of a box at every pull."""

from typing import Annotated

from pydantic import Field, field_validator

from servanda.sources.fetching import Ask, Download, Fetch, Key, Login, Parameters, Rate, Request, stamp

STATES = "https://opensky-network.org/api/states/all"
TOKEN = "https://auth.opensky-network.org/auth/realms/opensky-network/protocol/openid-connect/token"


class OpenSkyParameters(Parameters):
    """Where."""

    box: Annotated[tuple[float, float, float, float], Field(description="West, south, east, north, degrees.")]
    anonymous: bool = False
    """Without an account: fewer requests a day."""

    @field_validator("box")
    @classmethod
    def _is_box(cls, value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        west, south, east, north = value
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("the box must be west, south, east, north in degrees")
        return value


def plan(ask: Ask) -> tuple[Download, ...]:
    """The snapshot of now. A snapshot that is missed cannot be had later."""
    query: OpenSkyParameters = ask.parameters
    names = ("lomin", "lamin", "lomax", "lamax")
    params = (*((name, f"{edge:g}") for name, edge in zip(names, query.box, strict=True)), ("extended", "1"))
    return (Download(Request(STATES, params), f"opensky_{stamp(ask.now)}.json", "json", poll=True),)


def login(parameters: OpenSkyParameters) -> Login | None:
    """A token for 30 minutes."""
    if parameters.anonymous:
        return None
    form = {
        "grant_type": "client_credentials",
        "client_id": "${OPENSKY_CLIENT_ID}",
        "client_secret": "${OPENSKY_CLIENT_SECRET}",
    }
    return Login(Request(TOKEN, form=form), "access_token")


FETCH = Fetch(
    name="opensky",
    title="OpenSky Network, state vectors in a box, now",
    asks="Research and non-commercial use; cite the OpenSky Network. Requests from large clouds may be refused.",
    url="https://openskynetwork.github.io/opensky-api/rest.html",
    rate=Rate(10.0, "4,000 credits a day with an account, 400 without; a request costs 1 to 4 by the size of the box."),
    keys=(
        Key("OPENSKY_CLIENT_ID", "client of the account; not with anonymous: true", needed=False),
        Key("OPENSKY_CLIENT_SECRET", "its secret", needed=False),
    ),
    parameters=OpenSkyParameters,
    plan=plan,
    login=login,
    example="opensky_20250419T180000Z.json",
)
