"""The settings of a production start, with a database for the test run."""

import os
import tempfile
from pathlib import Path

from tests.shared import SECRET_KEY as KEY

_folder = tempfile.TemporaryDirectory()

os.environ["SECRET_KEY"] = KEY
os.environ["DEBUG"] = "false"
os.environ["REDIS_URL"] = ""
os.environ["HTTPS"] = "off"
os.environ["DATABASE_STATEMENT_SECONDS"] = "60"  # on a machine with other load
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["CORS_ALLOWED_ORIGINS"] = "https://friend.example"
os.environ["DATABASE_URL"] = os.environ.get(
    "TEST_DATABASE_URL", f"sqlite:///{Path(_folder.name) / 'site.sqlite3'}"
)

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

if "sqlite" in DATABASES["default"]["ENGINE"]:
    # A file and not memory: several threads and processes share it, as in production.
    DATABASES["default"]["TEST"] = {"NAME": Path(_folder.name) / "test.sqlite3"}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",  # fast
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # the hasher of sites
]
