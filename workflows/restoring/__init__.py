"""The restore drill: the newest dump is restored into a scratch database, and the copy is measured and proven."""
