"""Incidents, watches and an agreement in; findings out."""
