"""What was struck, by words: the example's own lists on made-up headlines, in both languages."""

import json
from pathlib import Path

import polars as pl
import pytest
from ruamel.yaml import YAML
from tests.sources.conftest import context, csv_text, flags, payload

from servanda.sources.viina import SOURCE, ViinaSettings
from servanda.sources.viina_targets import TargetWords, match, targets

MISSION = Path(__file__).parents[2] / "examples" / "energy-moratorium-2025" / "mission.yaml"
SETTINGS = next(s for s in YAML(typ="safe").load(MISSION.read_text("utf-8"))["sources"] if s["id"] == "viina")[
    "settings"
]
ENERGY = TargetWords.model_validate(SETTINGS["target_words"]["energy_damage"])
HEADER = "datetime,lon,lat,place_name,event_type,headline"

STRUCK = [
    "Вночі дрони влучили у підстанцію на півночі області",
    "Удар по підстанції: три громади без води",
    "Після обстрілу підстанцію відновлюють",
    "Пошкоджено дві підстанції, працюють ремонтники",
    "ТЕЦ атакували вдруге за тиждень",
    "Після вибухів місто без світла",
    "Росіяни вдарили по енергооб’єкту",
    "Українські дрони атакували НПЗ, горить резервуар",
    "Ночью беспилотники ударили по подстанции",
    "На нефтебазе пожар после атаки беспилотников",
    "Из-за обстрела обесточены два района",
    "Обстреляли ТЭЦ, есть повреждения",
    "Повреждены электросети после попадания",
]
NOT_STRUCK = [
    "Удару по підстанції не було, місяць без атак заперечує мер",
    "Дрони не влучили у підстанцію",
    "Военные не ударили по подстанции",
    "Генштаб спростував удари по енергооб'єктах",
    "Минобороны отрицает удары по энергообъектам",
    "Агент планував підрив підстанції після обстрілу",
    "Затримано коригувальника, який наводив ракети на ТЕЦ під час атаки",
    "Стороны договорились о прекращении ударов по энергетической инфраструктуре",
    "Якщо атаки не спиняться, енергосистема не витримає",
    "Если удар придется на подстанцию, город останется без тепла",
    "Атака на підстанцію може повторитися",
    "Через негоду без світла залишилися сорок сіл, вітер пошкодив дроти",
    "У ТЦК повідомили про удар ножем",
    "Тестові удари двигуна: новий автобус пройшов випробування",
    "Ціни на енергетику зростають",
    "Новую подстанцию построят к осени",
    "Удар по складу. Енергетики отримали премії.",
    "Відбито атаку на газосховище",
]


@pytest.mark.parametrize("headline", STRUCK)
def test_a_strike_on_energy_is_found_whatever_the_ending(headline: str) -> None:
    assert match(headline, ENERGY), headline


@pytest.mark.parametrize("headline", NOT_STRUCK)
def test_denials_plans_conditions_weather_and_look_alikes_are_no_strike(headline: str) -> None:
    assert match(headline, ENERGY) == (), headline


def test_the_words_that_matched_are_given() -> None:
    assert match("Ремонт триває. Удар по Підстанції вночі.", ENERGY) == ("підстанції", "удар")


def test_object_and_act_must_be_two_words_of_one_sentence() -> None:
    words = TargetWords(objects=("strike-",), acts=("strike-", "hit"))
    assert match("A strike", words) == ()
    assert match("Strikers. Hit.", words) == ()
    assert match("Strikers hit", words) == ("strikers", "hit")


def test_apostrophes_case_and_phrases() -> None:
    words = TargetWords(objects=("об'єкт-",), acts=("без світла",), negations=("не",))
    for apostrophe in "'’ʼ`":
        assert match(f"ОБ{apostrophe}ЄКТИ залишились БЕЗ  світла", words)
    assert not match("Об'єкти не без світла", words)


def test_both_languages_and_both_sides_are_served_alike() -> None:
    """No name of a party or place is in the list, so who owns the object cannot matter."""
    every = " ".join((*ENERGY.objects, *ENERGY.acts, *ENERGY.unless)).casefold()
    assert not any(stem in every for stem in ("росі", "росс", "рф", "україн", "украин", "зсу", "всу"))
    for ukrainian, russian in (("підстанц-", "подстанц-"), ("нафтобаз-", "нефтебаз-"), ("тец", "тэц"), ("аес", "аэс")):
        assert {ukrainian, russian} <= set(ENERGY.objects)


def test_one_more_observation_of_the_same_record_with_its_words() -> None:
    headline = "Ночью беспилотники ударили по подстанции"
    rows = [f"2025-03-20 00:00:00,37.6,47.9,Town,uav|property,{headline}", "2025-03-20 00:00:00,37.6,47.9,Town,,Calm"]
    got = SOURCE.read(payload(csv_text(HEADER, rows)), context(SOURCE, **SETTINGS)).observations
    made = got.filter(pl.col("kind") == "energy_damage")
    assert made["label"].to_list() == ["words: подстанции, ударили"]
    assert made["claim"].to_list() == ["claim"], "a headline stays a claim"
    assert flags(made) == [["day_precision", "by_words"]]
    of_record = got.filter(pl.col("record_id") == made["record_id"][0])
    assert sorted(of_record["kind"]) == ["drone_strike", "energy_damage", "property_damage"]
    plain = SOURCE.read(payload(csv_text(HEADER, rows)), context(SOURCE)).observations
    assert got.filter(pl.col("kind") != "energy_damage").equals(plain), "the rest must stay as it was"


def test_without_words_nothing_is_made() -> None:
    assert targets(pl.Series(STRUCK), {}).is_empty()
    assert SOURCE.settings().added_kinds() == frozenset()
    assert ViinaSettings.model_validate(SETTINGS).added_kinds() == {"energy_damage"}


def test_a_kind_that_does_not_exist_is_a_clear_mistake() -> None:
    with pytest.raises(ValueError, match="Nearest: energy_damage"):
        ViinaSettings.model_validate(
            json.loads('{"target_words": {"energy_damaged": {"objects": ["a"], "acts": ["b"]}}}')
        )
