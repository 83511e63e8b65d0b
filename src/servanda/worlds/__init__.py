"""Simulated ceasefires with known truth: the demo, and the yardstick of every estimate."""
