"""All settings. They are read from the environment or `.env`; a bad value stops the start."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NoReturn

from environs import Env, EnvError, validate

import config
from config import redis_urls
from config.database.postgresql.options import connection_options
from config.logs import FORMATTERS, logging_config
from realtime.requests.networks import Network

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
try:
    env.read_env(BASE_DIR / ".env", recurse=False)
except UnicodeDecodeError as error:
    raise SystemExit(f"The file .env is not UTF-8: {error}") from None


def read(reader: Callable[..., Any], name: str, default: Any, **options: Any) -> Any:
    """The value of `name`, or `default` if it is unset or empty. SystemExit with `name` if it is
    bad."""
    text: str = env.str(name, "").strip()
    if not text:
        return default
    os.environ[name] = text
    try:
        return reader(name, **options)
    except (EnvError, ValueError) as error:
        refuse(name, str(error))


def whole(name: str, default: int, *, at_least: int = 1) -> int:
    """A whole number, at least `at_least`."""
    number: int = read(env.int, name, default, validate=validate.Range(min=at_least))
    return number


def refuse(name: str, why: str) -> NoReturn:
    """Stops the start: SystemExit."""
    raise SystemExit(f"Bad value of {name}: {why}")


def names(name: str, form: str, example: str, default: list[str]) -> list[str]:
    """A list that is separated by commas. Each item must match the pattern `form`."""
    found = [item.strip() for item in read(env.str, name, "").split(",") if item.strip()]
    for item in found:
        if not re.fullmatch(form, item):
            refuse(name, f"{item!r} does not look like {example}")
    return found or default


def origins(name: str) -> list[str]:
    """A list of origins: scheme and host, with an optional port, without a path."""
    return names(name, r"https?://[^/\s:@]+(:\d{1,5})?", "https://example.org", [])


def networks(name: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, or single addresses, separated by commas."""
    items = names(name, r"[0-9a-fA-F.:/]+", "10.0.0.0/8", [])
    try:
        return tuple(ip_network(item) for item in items)
    except ValueError as error:
        refuse(name, str(error))


# Where relative paths of data start. `make serve` runs a copy of the code, and sets it.
DATA_ROOT = BASE_DIR / read(env.str, "DATA_ROOT", "")

# ---- Development or production -------------------------------------------------------

SECRET_KEY: str = read(env.str, "SECRET_KEY", "")
DEBUG: bool = read(env.bool, "DEBUG", not SECRET_KEY)
if not SECRET_KEY:
    if not (config.development_allowed and DEBUG):
        raise SystemExit(
            "SECRET_KEY is not set. Put a long random SECRET_KEY into the environment or into "
            ".env. Only `python manage.py …` with DEBUG on starts without one."
        )
    # Public, so it protects nothing. `check --deploy` recognises the prefix.
    SECRET_KEY = "django-insecure-development-key-of-twinstream"  # noqa: S105
# Any text can be a key, so no value is bad: an error message must not show a key.
SECRET_KEY_FALLBACKS: list[str] = names("SECRET_KEY_FALLBACKS", r".+", "a key", [])

LOCAL_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = names("ALLOWED_HOSTS", r"[\w.*-]+|\[[0-9a-fA-F:]+\]", "example.org", LOCAL_HOSTS)
CORS_ALLOWED_ORIGINS = origins("CORS_ALLOWED_ORIGINS")
# An origin that may read and open sockets may also post.
CSRF_TRUSTED_ORIGINS = [*origins("CSRF_TRUSTED_ORIGINS"), *CORS_ALLOWED_ORIGINS]
CSRF_FAILURE_VIEW = "config.csrf.csrf_failure"

# ---- HTTPS ---------------------------------------------------------------------------

# By default off in development and for this machine only. On, browsers send cookies by HTTPS only.
HTTPS: bool = read(env.bool, "HTTPS", not DEBUG and not set(ALLOWED_HOSTS) <= set(LOCAL_HOSTS))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
# 30 days. In this time browsers refuse plain HTTP, and nothing can undo that if HTTPS fails.
HSTS_SECONDS = whole("HSTS_SECONDS", 2_592_000, at_least=0)
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
# HSTS for all subdomains, and for the preload list of browsers.
HSTS_SUBDOMAINS: bool = read(env.bool, "HSTS_SUBDOMAINS", False)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HSTS_SUBDOMAINS
if not HSTS_SUBDOMAINS:  # a decision of the domain's owner, so `check --deploy` does not warn
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# ---- Other origins -------------------------------------------------------------------

LOCALHOST_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"
CORS_ALLOWED_ORIGIN_REGEXES = [rf"^{LOCALHOST_ORIGIN}\Z"] if DEBUG else []
CORS_URLS_REGEX = r"^/api/.*$"
# A page that resumes an event stream with fetch() sets Last-Event-ID itself.
CORS_ALLOW_HEADERS = ["accept", "cache-control", "content-type", "last-event-id", "x-csrftoken"]

# ---- Apps, middleware, templates -----------------------------------------------------

INSTALLED_APPS = [
    # Before Daphne, because it overrides the command `runserver`.
    "config",
    "daphne",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "servestatic",
    "streaming",
    "chat",
]

MIDDLEWARE = [
    "config.worker.http_figures.count_requests",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.page_policy",
    "corsheaders.middleware.CorsMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ---- Database ------------------------------------------------------------------------

# For PostgreSQL. libpq waits at least two seconds.
DATABASE_CONNECT_SECONDS = whole("DATABASE_CONNECT_SECONDS", 5, at_least=2)
DATABASE_STATEMENT_SECONDS = whole("DATABASE_STATEMENT_SECONDS", 10)
DATABASE_POOLER: bool = read(env.bool, "DATABASE_POOLER", False)


# FULL: a commit returns when its data is on the disk. NORMAL: a power failure or a crash of the
# machine may undo the last commits; that of a process does not.
SYNCHRONOUS = validate.OneOf(["FULL", "NORMAL"])
SQLITE_SYNCHRONOUS: str = read(env.str, "SQLITE_SYNCHRONOUS", "FULL", validate=SYNCHRONOUS)


def database() -> dict[str, Any]:
    """The default database, from DATABASE_URL."""
    url: str = read(env.str, "DATABASE_URL", "sqlite:///db.sqlite3")
    if not re.match(r"sqlite:///.|postgres(ql)?://", url):
        refuse("DATABASE_URL", "it must begin with sqlite:/// and a file, or with postgres://")
    try:
        os.environ["DATABASE_URL"] = url  # environs parses no other
        settings: dict[str, Any] = env.dj_db_url("DATABASE_URL")
    except (EnvError, ValueError) as error:
        refuse("DATABASE_URL", str(error))
    # A connection belongs to a thread. A persistent one would outlive its request in every thread.
    settings["CONN_MAX_AGE"] = 0
    # Django's backends, which we extend to count errors and connections.
    settings["ENGINE"] = settings["ENGINE"].replace("django.db.backends", "config.database")
    if settings["ENGINE"] == "config.database.sqlite3":
        # Relative to the project, not to the working directory.
        settings["NAME"] = DATA_ROOT / settings["NAME"]
        settings["OPTIONS"] = {
            # A write transaction takes its lock when it begins. Otherwise, one that reads first
            # fails at its first write with "database is locked", whatever the timeout is.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,  # seconds
            # For each connection: the file stores only the journal mode.
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SQLITE_SYNCHRONOUS};",
        }
    else:
        settings["OPTIONS"] = connection_options(
            settings.get("OPTIONS", {}),
            connect_seconds=DATABASE_CONNECT_SECONDS,
            statement_seconds=DATABASE_STATEMENT_SECONDS,
            pooler=DATABASE_POOLER,
        )
        # A cursor of the server needs one and the same connection in two transactions.
        settings["DISABLE_SERVER_SIDE_CURSORS"] |= DATABASE_POOLER
    return settings


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Channel layer -------------------------------------------------------------------

REDIS_URL: str = read(env.str, "REDIS_URL", "")  # empty: there is no Redis
try:
    REDIS_SERVERS = redis_urls.parse(REDIS_URL)
except ValueError as error:
    refuse("REDIS_URL", str(error))

REDIS_LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"
IN_MEMORY = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
# A channel layer for each Redis, so that one that is away blocks none of the others.
REDIS_LAYERS = {
    server.name: {"BACKEND": REDIS_LAYER, "CONFIG": {"hosts": [server.host]}}
    for server in REDIS_SERVERS
}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": next(iter(REDIS_LAYERS.values()), IN_MEMORY),
    **REDIS_LAYERS,
}
# The channel layers of the bus. With several, a hash of the room decides which one it uses.
BUS_LAYERS = list(REDIS_LAYERS) if len(REDIS_LAYERS) > 1 else ["default"]

# ---- Limits --------------------------------------------------------------------------

STREAMS_PER_WORKER = whole("STREAMS_PER_WORKER", 5_000)
SOCKETS_PER_WORKER = whole("SOCKETS_PER_WORKER", 10_000)
OPENINGS_PER_SECOND = whole("OPENINGS_PER_SECOND", 50)
OPENING_BURST = whole("OPENING_BURST", 2_000)
CHAT_MESSAGES_PER_SECOND = whole("CHAT_MESSAGES_PER_SECOND", 10)
CHAT_BURST = whole("CHAT_BURST", 20)
CHAT_BODY_GRAPHEMES = whole("CHAT_BODY_GRAPHEMES", 4_000)
# The longest command without a body has about 512 bytes.
CHAT_FRAME_BYTES = whole("CHAT_FRAME_BYTES", 32_768, at_least=512)
REQUEST_SECONDS = whole("REQUEST_SECONDS", 30)
HEARTBEAT_SECONDS = whole("HEARTBEAT_SECONDS", 25)
SILENCE_SECONDS = whole("SILENCE_SECONDS", 60)
if SILENCE_SECONDS <= HEARTBEAT_SECONDS:
    refuse(
        "SILENCE_SECONDS",
        "it must be more than HEARTBEAT_SECONDS; otherwise every socket is closed as silent",
    )

# ---- Static files, accounts, language ------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT: str | None = read(env.str, "STATIC_ROOT", None)
# nginx runs as another user, and must be able to read the collected files whatever the umask is.
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o644, 0o755
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.staticfiles.HashedFiles"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Without nginx, the worker serves static files itself, without collectstatic.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "config.sessions"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "index"
LOGOUT_REDIRECT_URL = "index"

# A text of 1 MB has 3 MB when each byte is percent-encoded. The limit is higher, so that the form
# can refuse a text that is too large with a reason. Django would answer with an empty 400.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# ---- Monitoring and logs -------------------------------------------------------------

# Who may ask for /readyz and /metrics; see config/worker/health.py.
MONITORING_NETWORKS = networks("MONITORING_NETWORKS")
MONITORING_TOKEN: str = read(env.str, "MONITORING_TOKEN", "")
if MONITORING_TOKEN and not re.fullmatch(r"[\w.~+/=-]{16,}", MONITORING_TOKEN, re.ASCII):
    refuse("MONITORING_TOKEN", "use at least 16 letters, digits and . ~ + / = - _")
# Which proxies are believed, with --proxy-headers; see config/server/proxies.py.
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
LOG_ADDRESSES: bool = read(env.bool, "LOG_ADDRESSES", False)
LOG_FORMAT: str = read(env.str, "LOG_FORMAT", "plain", validate=validate.OneOf(list(FORMATTERS)))
LOGGING = logging_config(LOG_FORMAT, log_addresses=LOG_ADDRESSES)
