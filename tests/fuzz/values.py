"""Values that providers have written, and some that only an enemy writes."""

import random
from copy import deepcopy
from typing import Any

NUMBERS = (
    *("0", "-0", "-1", "1", "1.5", "1e308", "1e309", "-1e-320", "NaN", "nan", "inf", "-Infinity", "9" * 40, "0x1F"),
    *("1,5", "1 000", "½", "٣", "１２", "--1", "+1", "1_000", "181", "-180", "90", "91", "90.0000001", "179.99999"),
    *("2147483648", "9223372036854775808", "18446744073709551616", "1e18", "-9e15", "12345678901.5"),
)
TIMES = (
    *("2025-04-19", "19/04/2025", "04/19/2025", "19.04.2025", "2025-13-45", "2025-02-30", "0000-01-01", "0001-01-01"),
    *("9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "10000-01-01"),
    *("2025-04-19T23:59:60Z", "2025-03-30T03:30:00", "2025-10-26 03:30:00", "2025-04-19T24:00:00Z", "-2025-01-01"),
    *("2025-04-19T18:00", "2025-04-19T18:00+99:00", "2025-04-19T18:00:00.123456789Z", "1745085600", "1745085600000"),
    *("Sat, 19 Apr 2025 18:00:00 +0300", "2025-W16-6", "2025-109", "18:00", "24:60", "2400", "202504", "now", "1e10"),
    *("292277-01-01", "262142-12-31", "+262143-01-01", "1677-09-21", "2262-04-12", "1900-01-01", "2200-01-01"),
)
WORDS = (
    *(
        "",
        " ",
        "\t",
        "n/a",
        "NULL",
        "None",
        "true",
        "False",
        "other",
        "a|b|c",
        "|",
        ",",
        ";",
        '"',
        '""',
        "'",
        "\\",
        "%",
    ),
    *(
        "\n",
        "line one\nline two",
        "\r",
        "\x00",
        "a\x00b",
        "\x1b[31mred",
        "\x85",
        "\u2028",
        "\u202eright to left",
        "\ufeff",
    ),
    *(
        "😀",
        "e\u0301",
        "ß" * 50,
        "İ",
        "\u0130",
        "=1+1",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "{}",
        "{0}",
        "[]",
        "(",
        "\\1",
    ),
    *("#date+start", "POINT (1 2)", "POLYGON ((0 0, 1 1, 0 0))", "POINT EMPTY", "GEOMETRYCOLLECTION EMPTY", "../../x"),
    *("LINESTRING (0 0, 1e999 1)", '{"type": "Point", "coordinates": []}', '{"type": "Polygon", "coordinates": [[1]]}'),
    *("0103000000010000000400000000", "https://example.org/?a=1&b=%zz", "x" * 600, "y " * 5_000, "uuid:a"),
)
JSON: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**31,
        2**63,
        2**64,
        10**40,
        10**4000,
        1.5,
        -1e300,
        1e-320,
        float("nan"),
        float("inf"),
    ),
    *(
        [],
        {},
        [[]],
        [{}],
        [None],
        [None, None],
        {"": None},
        {"a": {"a": {"a": {}}}},
        [1, "a"],
        [[1, 2], [3]],
        {"__row": 1},
    ),
    *({"type": "Point", "coordinates": [1]}, {"type": "Point", "coordinates": ["1", "2"]}, {"type": "Polygon"}),
    *({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, {"type": "GeometryCollection", "geometries": []}),
    *(
        {"type": "Point", "coordinates": [1e300, 95]},
        {"type": "MultiPolygon", "coordinates": [[[[0, 0]] * 4]]},
        "\ud800",
    ),
)
NAMES = ("it's", "ЯЖЬ", "عربي", "a,b", "a;b", "\ufeffkind", "kind", "lon", "id", "__row", "__wkb", "record_id", "flags")


def any_text(rng: random.Random, old: str) -> str:
    """A value to write in the place of ``old``."""
    way = rng.randrange(8)
    if way == 0 and old:
        return _edited(rng, old)
    if way == 1:
        return rng.choice((old + " ", " " + old, old.upper(), old + old, old[::-1], f'"{old}"', f"{old}\n", f"-{old}"))
    if way == 2 and rng.random() < 0.05:
        return "z" * 200_000
    return rng.choice((NUMBERS, NUMBERS, TIMES, TIMES, WORDS, WORDS, NAMES)[rng.randrange(7)])


def _edited(rng: random.Random, old: str) -> str:
    at = rng.randrange(len(old))
    return old[:at] + rng.choice(("", "9", "-", "x", " ", ".", "\u0661", old[at:])) + old[at + rng.randint(0, 1) :]


def any_json(rng: random.Random, plain: bool = False) -> Any:
    """A JSON value; ``plain``: one that a column of a table can hold."""
    if plain or rng.random() < 0.4:
        return any_text(rng, "x").encode("utf-8", "replace").decode()
    return deepcopy(rng.choice(JSON))
