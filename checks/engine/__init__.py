"""The check engine: plans checks, makes each observation once, judges the facts, and assigns causes."""
