"""Django's settings, from the environment first; what it leaves open comes from the embedded stack."""

import re
import sys
from typing import Any

import dj_database_url
from celery.schedules import crontab

from config import environment
from config.unfold import UNFOLD as UNFOLD

BASE_DIR = environment.BASE_DIR
TRIBUTARY_HOME = environment.HOME

# -- Django ------------------------------------------------------------------------------------------------
DEBUG = environment.flag("DEBUG")
SECRET_KEY = environment.secret("SECRET_KEY", "secret-key")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", [])
HTTPS = environment.flag("HTTPS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "tracking",
    "recommendations",
    "streaming",
    "shop",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tracking.visitors.VisitorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.errors.JsonNotAllowed",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = environment.text("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
STATIC_ROOT = TRIBUTARY_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedStaticFilesStorage"},
}
# Static files come straight from the packages, so that no collecting step can be forgotten.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_MAX_AGE = 3600

# -- Postgres: every process keeps a small pool, so that the sum stays far below max_connections -----------
DATABASE_URL = environment.url("DATABASE_URL", "database_url", {"postgres", "postgresql"})
DATABASES: dict[str, Any] = {"default": dict(dj_database_url.parse(DATABASE_URL, conn_health_checks=True))}
# A server that vanished without a word is noticed within seconds, and not by each thread after minutes.
PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5}
DATABASES["default"]["OPTIONS"] = (
    PATIENCE
    | DATABASES["default"].get("OPTIONS", {})
    | {
        "pool": {
            "min_size": 1,
            "max_size": environment.number("DATABASE_POOL_SIZE", 8, 2, 1000),
            "timeout": 10,
        },
    }
)

# -- Valkey: the channel layer, Celery's broker and the cache -----------------------------------------------
VALKEY_URL = re.sub(
    "^valkey", "redis", environment.url("VALKEY_URL", "valkey_url", {"redis", "rediss", "valkey", "valkeys"})
)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [VALKEY_URL], "prefix": "tributary"},
    }
}
CELERY_BROKER_URL = VALKEY_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sample metrics": {"task": "streaming.tasks.sample_metrics", "schedule": 5.0, "options": {"expires": 5}},
    "watch alerts": {"task": "streaming.tasks.watch_alerts", "schedule": 15.0, "options": {"expires": 15}},
    "lift throttles": {
        "task": "streaming.tasks.lift_throttles",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "refresh trending": {
        "task": "recommendations.tasks.refresh_trending",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "refresh categories": {
        "task": "recommendations.tasks.refresh_categories",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "refresh origins": {
        "task": "recommendations.tasks.refresh_origins",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "prune pairs": {"task": "recommendations.tasks.prune_pairs", "schedule": crontab(hour="3", minute="30")},
    "move landmarks": {
        "task": "recommendations.tasks.move_landmarks",
        "schedule": crontab(hour="3", minute="40"),
    },
    "catch models up": {
        "task": "streaming.tasks.catch_models_up",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "train ALS": {"task": "streaming.tasks.train_als", "schedule": crontab(hour="4", minute="0")},
    "take delivery": {"task": "shop.tasks.take_delivery", "schedule": crontab(hour="4", minute="20")},
    "finish orders": {"task": "shop.tasks.finish_orders", "schedule": 10.0, "options": {"expires": 10}},
    "clean up": {"task": "streaming.tasks.clean_up", "schedule": 600.0, "options": {"expires": 600}},
}

# -- Kafka --------------------------------------------------------------------------------------------------
KAFKA_BOOTSTRAP_SERVERS = environment.stack_address("KAFKA_BOOTSTRAP_SERVERS", "kafka")
KAFKA_TOPIC_PREFIX = environment.text("KAFKA_TOPIC_PREFIX")
KAFKA_BROKERS = environment.number("KAFKA_BROKERS", 3, 1, 3)
"""Brokers of the embedded cluster; 1 means replication factor 1 and min ISR 1."""
KAFKA_SECURITY = {
    key: value
    for key, value in {
        "security.protocol": environment.text(
            "KAFKA_SECURITY_PROTOCOL", choices={"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}
        ),
        "sasl.mechanism": environment.text("KAFKA_SASL_MECHANISM"),
        "sasl.username": environment.text("KAFKA_SASL_USERNAME"),
        "sasl.password": environment.text("KAFKA_SASL_PASSWORD"),
        "ssl.ca.location": environment.text("KAFKA_SSL_CAFILE"),
        "ssl.certificate.location": environment.text("KAFKA_SSL_CERTFILE"),
        "ssl.key.location": environment.text("KAFKA_SSL_KEYFILE"),
    }.items()
    if value
}
KAFKA_CLIENT = {"bootstrap.servers": KAFKA_BOOTSTRAP_SERVERS} | KAFKA_SECURITY
"""What every librdkafka client of this project begins from."""

# -- Spark --------------------------------------------------------------------------------------------------
SPARK_MASTER = environment.text("SPARK_MASTER", "local[*]")

# -- The relay ----------------------------------------------------------------------------------------------
RELAY_TASKS = {
    "relay of orders": "shop.orders.relay.OrdersRelay",
    "relay of the catalogue": "shop.catalogue_topic.relay.CatalogueRelay",
    "projections of the shop": "shop.facts.catching_up.CatchingUp",
}
"""What the process `relay` runs for the site besides its own work: by what it is called, the dotted path to a class
whose `run(stopping)` works until that threading.Event is set."""

# -- Tracking -----------------------------------------------------------------------------------------------
WRITE_KEY = environment.secret("WRITE_KEY", "write-key")
READ_KEY = environment.secret("READ_KEY", "read-key")
TRACKING_CONSENT = environment.text("TRACKING_CONSENT", "granted", {"granted", "opt-in"})
"""`opt-in`: nothing of a browser is stored before its visitor has said yes."""
TRACKING_BOTS = environment.text("TRACKING_BOTS", "leave-out", {"leave-out", "mark"})
"""What the model makes of a bot's events: `leave-out` counts them and learns nothing from them."""

# -- Recommendations ----------------------------------------------------------------------------------------
RECOMMENDATIONS_CATALOGUE = environment.text("RECOMMENDATIONS_CATALOGUE", "shop.catalogue.ShopCatalogue")
"""Dotted path to the class that knows the products; see recommendations/catalogue.py."""
RECOMMENDATIONS_MAY_READ = "tracking.keys.may_read"
"""Dotted path to a function (str) -> bool: whether an Authorization header bears a key that may read any list."""

# -- Mail and alerts ----------------------------------------------------------------------------------------
EMAIL_HOST = environment.text("EMAIL_HOST")
"""Without one no mail is sent, and a notice that waits for it says so."""
EMAIL_PORT = environment.number("EMAIL_PORT", 25, 1, 65535)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = environment.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "tributary@localhost")
ALERT_MAIL_TO = environment.words("ALERT_MAIL_TO", [])
ALERT_WEBHOOK = environment.text("ALERT_WEBHOOK")
ALERT_WEBHOOK_SECRET = environment.text("ALERT_WEBHOOK_SECRET")
"""With it a webhook's body is signed: HMAC-SHA256, in the header X-Tributary-Signature."""

# -- HTTP API -----------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tributary",
    "DESCRIPTION": "Track what visitors do; read what to recommend to them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tracking.collector.openapi.add_collector",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}


# -- Logging ------------------------------------------------------------------------------------------------
LOG_LEVEL = environment.text("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without traceback": {"()": "config.logs.WithoutTraceback"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "kafka": {"level": "CRITICAL"},
        "django.request": {"level": "ERROR"},
        # Any stranger can cause it; the message names the host and ALLOWED_HOSTS.
        "django.security.DisallowedHost": {"filters": ["without traceback"]},
        # A line for every task that comes and another when it succeeds, day and night.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
