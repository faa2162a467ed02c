"""A headless Chromium that can reach no host but this machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--virtual-time-budget=10000",
    "--enable-logging=stderr",
)


def browse(url: str, profile: Path) -> tuple[str, str]:
    """Return the page's document after its scripts ran, and the browser's log with the console's messages.

    Skips the test where no Chromium is installed, but not in CI.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium; `make test` installs it on Debian")
        pytest.skip("needs Chromium")
    command = [chromium, *_FLAGS, f"--user-data-dir={profile}", "--dump-dom", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr
