import subprocess
import sys

from app import errors
from app.api import openapi


def test_every_error_has_a_code_and_a_title_of_its_own() -> None:
    known = errors.SlipwayError.__subclasses__()
    assert len({error.code for error in known}) == len({error.title for error in known}) == len(known)


def test_every_error_has_an_http_error_status() -> None:
    assert all(400 <= error.status < 600 for error in errors.SlipwayError.__subclasses__())


def test_every_status_of_an_error_is_documented() -> None:
    assert {str(error.status) for error in errors.SlipwayError.__subclasses__()} == set(openapi._PREDICT_ERRORS)


def test_the_errors_know_no_framework() -> None:
    code = "import sys, app.errors; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
