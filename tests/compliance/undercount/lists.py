"""The four lists of killings in Kosovo, 20 March to 22 June 1999, by pattern.

Counts are facts, counted from ``kosovo_aggregate`` of the R package LCMCR. Ball, Betts, Scheuren, Dudukovic and Asher,
"Killings and Refugee Flow in Kosovo, March-June 1999" (report to the ICTY, 2002) estimate 10,356 (9,002 to 12,122).
"""

from servanda.compliance.undercount import Captures, captures

NAMES = ("EXH", "ABA", "OSCE", "HRW")
COUNTS = (306, 936, 123, 845, 31, 217, 32, 1131, 106, 228, 42, 177, 18, 181, 27)
PUBLISHED = (10_356.0, 9_002.0, 12_122.0)


def kosovo() -> Captures:
    """Patterns 0001 to 1111 in the order of NAMES."""
    table = {tuple(int(b) for b in f"{p:04b}"): float(n) for p, n in enumerate(COUNTS, 1)}
    return captures(table, NAMES)
