"""Structured logs: one JSON object a line on standard error."""

import logging.config

from pythonjsonlogger.core import RESERVED_ATTRS

from app.settings import Settings


def configure(settings: Settings) -> None:
    """Send Slipway's and uvicorn's records through one JSON formatter; uvicorn's access log is Slipway's own."""
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
