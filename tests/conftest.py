"""Property tests draw the same cases on every machine and are not timed: a slow machine is no failure."""

from hypothesis import settings

settings.register_profile("servanda", deadline=None, derandomize=True)
settings.load_profile("servanda")
