"""Structured logs: one JSON object per line on standard error.

Tests: tests/app/api/test_middleware.py (every log line is JSON)
"""

import logging.config

from pythonjsonlogger.core import RESERVED_ATTRS

from app.settings import Settings


def configure(settings: Settings) -> None:
    """Send the records of Slipway and uvicorn through one JSON formatter, and switch off uvicorn's access log.

    Slipway writes its own access log (app/telemetry/access_log.py).
    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "{levelname}{name}{message}",
                    "style": "{",
                    "timestamp": "time",
                    "rename_fields": {"levelname": "level", "name": "logger"},
                    "reserved_attrs": [*RESERVED_ATTRS, "color_message"],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {
                "slipway": {"handlers": ["stderr"], "level": settings.log_level, "propagate": False},
                "uvicorn": {"handlers": ["stderr"], "level": settings.log_level, "propagate": False},
                "uvicorn.error": {"handlers": [], "level": settings.log_level, "propagate": True},
                "uvicorn.access": {"handlers": [], "propagate": False},
            },
        }
    )
