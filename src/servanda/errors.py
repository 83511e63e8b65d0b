"""Every error a user can meet.

ServandaError
├── InputError            something written by the user is wrong        exit 2
│   ├── AgreementError    the agreement file
│   ├── MissionError      the mission file
│   └── LanguageError     words of a report in a language
├── SourceRefused         a source file cannot be read as a whole       exit 3
├── EvidenceError         the store cannot do what was asked            exit 1
└── EstimateRefused       an estimator lacks the data to answer; the caller states the reason
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a file that a person wrote, and how to mend it.

    ``line`` and ``column`` count from 1; 0 (shown as 1) when the problem belongs to the whole file.
    """

    file: str
    line: int
    column: int
    what: str
    mend: str
    level: Literal["error", "warning", "info"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{max(self.line, 1)}:{max(self.column, 1)}"
        return f"{place}: {self.level}: {self.what} Mend: {self.mend}"


class ServandaError(Exception):
    """Root of all errors that Servanda raises on purpose."""

    exit_code = 1


class InputError(ServandaError):
    """A file that a person wrote has mistakes; all of them are in ``problems``, in file order."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(p) for p in self.problems))


class AgreementError(InputError):
    """The agreement file cannot be used."""


class MissionError(InputError):
    """The mission file cannot be used."""


class LanguageError(InputError):
    """A language is not known, or its catalogue cannot be used."""


class SourceRefused(ServandaError):
    """A source file is refused whole: nothing of it was stored."""

    exit_code = 3

    def __init__(self, source_id: str, file: str, reason: str, mend: str) -> None:
        self.source_id, self.file, self.reason, self.mend = source_id, file, reason, mend
        super().__init__(f"{source_id}: {file}: {reason} Mend: {mend}")


class EvidenceError(ServandaError):
    """The evidence store cannot do what was asked."""


class EstimateRefused(ServandaError):
    """The data do not allow this estimate; the message is the reason, in plain words."""
