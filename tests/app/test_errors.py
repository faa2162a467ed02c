"""Every error of the service has a code, a title, a status and a place in the API's documentation."""

import subprocess
import sys

from app import errors
from app.api import openapi


def test_every_error_has_a_code_and_a_title_of_its_own() -> None:
    subclasses = errors.SlipwayError.__subclasses__()
    assert len({error.code for error in subclasses}) == len({error.title for error in subclasses}) == len(subclasses)


def test_every_error_has_an_http_error_status() -> None:
    assert all(400 <= error.status < 600 for error in errors.SlipwayError.__subclasses__())


def test_every_status_of_an_error_is_documented() -> None:
    assert {str(error.status) for error in errors.SlipwayError.__subclasses__()} == set(openapi._PREDICT_ERRORS)


def test_the_errors_do_not_import_a_web_framework() -> None:
    code = "import sys, app.errors; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
