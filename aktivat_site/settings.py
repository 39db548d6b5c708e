"""Every setting, from the environment alone. docs/settings.md explains each variable."""

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured

from aktivat_site import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("AKTIVAT_DATA", BASE_DIR / "data")
DEBUG = env.boolean("AKTIVAT_DEBUG", default=False)
SECRET_KEY = env.secret("AKTIVAT_SECRET_KEY", kept_in=DATA_DIR / "secret_key")

# --- How browsers reach this server -------------------------------------------------------------

PUBLIC_URL = env.text("AKTIVAT_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in ("http", "https") or not _public.hostname or _public.path:
    raise ImproperlyConfigured(
        f"AKTIVAT_PUBLIC_URL is {PUBLIC_URL!r}; say it as https://stats.example.com, without a path."
    )
PUBLIC_HOST = _public.hostname
_host = f"[{PUBLIC_HOST}]" if ":" in PUBLIC_HOST else PUBLIC_HOST
ALLOWED_HOSTS = sorted({_host, "127.0.0.1", "localhost", "[::1]", *env.words("AKTIVAT_ALLOWED_HOSTS")})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
HTTPS = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# A proxy that ends TLS must set the header itself and drop the client's: docs/install.md.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

# --- What the collector lets in ------------------------------------------------------------------

TRUSTED_PROXIES = env.networks("AKTIVAT_TRUSTED_PROXIES")
GEO_DATABASE = env.file("AKTIVAT_GEO_DATABASE")
RATE_PER_ADDRESS = env.integer("AKTIVAT_RATE_PER_ADDRESS", 50)  # events a second; 0: no limit
RATE_PER_PROPERTY = env.integer("AKTIVAT_RATE_PER_PROPERTY", 0)
STREAM_LIMIT = env.integer("AKTIVAT_STREAM_LIMIT", 2_000_000, least=1)  # events that may wait in one stream
SPILL_DIR = DATA_DIR / "spill"
SPILL_BYTES = env.integer("AKTIVAT_SPILL_MB", 256) * 1_000_000
METRICS_TOKEN = env.text("AKTIVAT_METRICS_TOKEN")
COLLECT_PATHS = env.paths("AKTIVAT_COLLECT_PATHS")  # further paths of /track/it
SCRIPT_NAMES = env.slugs("AKTIVAT_SCRIPT_NAMES")  # further names of trackr.js

# --- Where data is kept --------------------------------------------------------------------------

RUN_DIR = env.folder("AKTIVAT_RUN", DATA_DIR / "run")
CACHE_BYTES = env.integer("AKTIVAT_CACHE_MB", 128) * 1_000_000  # sealed bitmaps that a process keeps
SESSIONS_KEPT_HOURS = env.integer("AKTIVAT_SESSIONS_KEPT_HOURS", 48, least=24)  # older ones: in the archive
ARCHIVE = env.text("AKTIVAT_ARCHIVE", str(DATA_DIR / "archive"))  # a folder, or s3://bucket/prefix
SERVERS_FILE = RUN_DIR / "servers.json"
CLUSTER_URL = env.server("AKTIVAT_CLUSTER", "cluster", SERVERS_FILE)
BROKER_URL = env.server("AKTIVAT_BROKER", "broker", SERVERS_FILE)

DATABASES = {"default": dj_database_url.parse(env.text("AKTIVAT_DATABASE", f"sqlite:///{DATA_DIR}/aktivat.sqlite3"))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The application -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "heroicons",
    "cluster",
    "accounts",
    "properties",
    "tracking",
    "dashboards",
    "demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "aktivat_site.urls"
ASGI_APPLICATION = "aktivat_site.asgi.application"
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
            "builtins": ["heroicons.templatetags.heroicons", "django.templatetags.static"],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}

# --- Celery: messages only wake a task up; what is left behind, the sweep finds ---------------------

SWEEP_SECONDS = 5.0
TIDY_SECONDS = 3600.0

CELERY = {
    "broker_url": BROKER_URL or "memory://",
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {"visibility_timeout": 900, "socket_timeout": None},
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_default_queue": "drain",
    "task_routes": {"tracking.tasks.seal": {"queue": "seal"}, "tracking.slow_tasks.*": {"queue": "slow"}},
    "beat_schedule": {
        "sweep": {
            "task": "tracking.tasks.sweep",
            "schedule": SWEEP_SECONDS,
            "options": {"expires": SWEEP_SECONDS},
        },
        "archive": {"task": "tracking.slow_tasks.archive_all", "schedule": 30.0, "options": {"expires": 30.0}},
        "close": {"task": "tracking.slow_tasks.close_all", "schedule": 600.0, "options": {"expires": 600.0}},
        "tidy": {
            "task": "tracking.slow_tasks.tidy_all",
            "schedule": TIDY_SECONDS,
            "options": {"expires": TIDY_SECONDS},
        },
        "heartbeat": {"task": "cluster.tasks.heartbeat", "schedule": 5.0},
    },
    "beat_schedule_filename": str(RUN_DIR / "beat"),
    "worker_hijack_root_logger": False,
    "timezone": "UTC",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("AKTIVAT_LOG_LEVEL", "INFO").upper()},
    "loggers": {"django.server": {"level": "WARNING"}, "httpx": {"level": "WARNING"}},
}
