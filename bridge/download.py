"""Files from the web: resumed where they broke off, of the announced length, with a hash that stays the same."""

import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 18
LARGEST = 8 << 30
"""Bytes; more is refused, whatever a server announces."""
ATTEMPTS = 5
TIMEOUT = 30.0
"""Seconds without a byte."""

Progress = Callable[[int, int], None]
"""Bytes that are there, and bytes of the whole (0: not announced)."""


class DownloadError(Exception):
    """Why a file could not be had, for people; what came is kept for the next time where that is of use."""


def fetch(url: str, path: Path, progress: Progress, pause: float = 1.0) -> str:
    """Download ``url`` to ``path`` and return its SHA-256, in hexadecimal.

    What breaks off is gone on with, up to five times and the next time too, as long as the server's file is the same
    (its ETag or date). Raises DownloadError; ``path`` appears only once it is whole.
    """
    partial, about = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause * attempt)
        try:
            if _more(url, partial, about, progress):
                break
        except urllib.error.HTTPError as error:
            with error:
                if error.code < 500:
                    raise DownloadError(f"{url}: the server answers {error.code} {error.reason}") from error
                reason = f"the server answers {error.code} {error.reason}"
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = str(error) or type(error).__name__
        else:
            reason = "it broke off before its end"
    else:
        raise DownloadError(f"{url}: {reason}, {ATTEMPTS} times; what came is kept, try again to go on")
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    partial.replace(path)
    about.unlink(missing_ok=True)
    return found


def _more(url: str, partial: Path, about: Path, progress: Progress) -> bool:
    """Get the rest of a file; whether it is whole."""
    have = partial.stat().st_size if partial.exists() else 0
    known = _told(about) if have else {}
    request = urllib.request.Request(url, headers={"User-Agent": "antiphon"})  # noqa: S310  (see models pull)
    if have and known.get("validator") and known.get("url") == url:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", str(known["validator"]))
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
        resumed = answer.status == 206 and str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
        if not resumed:
            have = 0
        announced = answer.headers.get("Content-Length")
        total = have + int(announced) if announced and announced.isdigit() else 0
        if total > LARGEST:
            raise DownloadError(f"{url}: a file must be at most {LARGEST} bytes, the server announces {total}")
        validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        about.write_text(json.dumps({"url": url, "validator": validator}))
        with partial.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                have += len(chunk)
                if have > LARGEST:
                    raise DownloadError(f"{url}: a file must be at most {LARGEST} bytes, more came")
                progress(have, total)
    return have >= total


def _told(about: Path) -> dict[str, object]:
    try:
        found = json.loads(about.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
