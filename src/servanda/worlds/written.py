"""The agreement of a simulated world, as text for people and as the model that the truth is judged by."""

from datetime import timedelta
from functools import cache
from importlib import resources
from string import Template

from ruamel.yaml import YAML

from servanda.agreement.model import WrittenAgreement
from servanda.worlds.spec import WorldSpec

EXERCISE_DAYS = (9, 12)
"""The announced exercise, in days since the start, half-open."""


def template(name: str) -> Template:
    return Template(resources.files(__package__).joinpath("templates", name).read_text("utf-8"))


def agreement_text(spec: WorldSpec) -> str:
    """``agreement.yaml`` of this world."""

    def day(number: int) -> str:
        return f"{spec.start + timedelta(days=number):%Y-%m-%d %H:%M}"

    return template("agreement.yaml.in").substitute(
        name=spec.name,
        start=day(0),
        end=day(spec.in_force_days or spec.days),
        exercise_from=day(EXERCISE_DAYS[0]),
        exercise_to=day(EXERCISE_DAYS[1]),
        north=spec.north.name,
        north_id=spec.north.party_id,
        north_alias=spec.north.alias,
        south=spec.south.name,
        south_id=spec.south.party_id,
        south_alias=spec.south.alias,
    )


def agreement(spec: WorldSpec) -> WrittenAgreement:
    """The same text, read back."""
    return _read(agreement_text(spec))


@cache
def _read(text: str) -> WrittenAgreement:
    return WrittenAgreement.model_validate(YAML(typ="safe").load(text))
