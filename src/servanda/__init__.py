"""Servanda polices a peace deal: what was promised, what was seen, and who was looking."""

__version__ = "0.1.0"
