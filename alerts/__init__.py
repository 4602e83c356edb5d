"""Decides who is told what after a run, and tells them: `decide` is pure, `deliver` sends what is owed."""

from alerts.decide import decide

__all__ = ["decide"]
