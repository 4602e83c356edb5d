"""Runs checks: observe once, judge purely, name causes; and judge stored evidence again."""
