"""The master key of databases in tests: each test knows it, nothing else does."""

from storage.secrets import GivenKey

MASTER = GivenKey(bytes(range(32)))
