"""No secret of a user stands anywhere after runs in which everything goes wrong."""

from __future__ import annotations

import gc
import http.client
import io
import json
import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from chadsdk import (
    BearerToken,
    CancelToken,
    ChadMusicAPIClient,
    DownloadService,
    ExportResult,
    MixExporter,
    Settings,
)
from chadsdk.cli.options import connect
from chadsdk.errors import ChadError, ConfigurationError, ExportCancelled
from harness.invariants import Aftermath, broken_invariants
from harness.process import ServerHandle, running_server
from harness.world import FaultEntry, World
from tests.cli.command import Command
from tests.download.support import REFRESH_PATH, quick

ACCESS, REFRESH, SIGNATURE, PASSWORD = (
    f"canary-{word}-4711" for word in ("access", "refresh", "signature", "password")
)
SECRETS = (ACCESS, REFRESH, SIGNATURE, PASSWORD)
FORMATS = ("ardour", "audacity", "dawproject", "dawproject-linked", "m3u8", "otio", "reaper")

# One for each of the eight tracks of the world; together nearly all ways in which a request can end.
SCRIPTS: tuple[tuple[FaultEntry, ...], ...] = (
    ({"redirect": f"/open/tracks/1/audio.wav?sig={SIGNATURE}"},),
    ({"redirect": f"http://cdn.invalid/x?sig={SIGNATURE}", "always": True},),
    ({"redirect": f"http://user:{SIGNATURE}@127.0.0.1/x", "always": True},),
    ({"cut_body": 0.5}, {"reset": True}, {"status": 503}),
    ({"status": 403, "message": SIGNATURE, "always": True},),
    ({"html": True, "always": True},),
    ({"redirect": f"/nowhere?sig={SIGNATURE}", "always": True},),
    ({"headers": {"Content-Length": f"x{SIGNATURE}", "ETag": f'"{SIGNATURE}'}, "cut_body": 0.3, "always": True},),
)


@dataclass
class Heard:
    """Everything that was said in this process: logs of everybody, standard output, errors, warnings, values."""

    texts: dict[str, str] = field(default_factory=dict)

    def note(self, name: str, value: object) -> None:
        """Keep how a value shows itself; for an error all of its chain, as text and as a traceback."""
        self.texts[f"{name} {len(self.texts)}"] = f"{value!r} {value!s}"
        if isinstance(value, BaseException):
            self.texts[f"{name} {len(self.texts)}"] = "".join(traceback.format_exception(value))
            for each in _chain(value):
                self.texts[f"{name} {len(self.texts)}"] = f"{each!r} {each!s} {getattr(each, '__notes__', '')}"

    def leaks(self) -> list[str]:
        """Where a secret stands."""
        return [
            f"{name}: …{text[max(0, text.find(secret) - 80) : text.find(secret) + 40]}"
            for name, text in self.texts.items()
            for secret in SECRETS
            if secret in text
        ]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, *each.args, *vars(each).values()]


@contextmanager
def listening() -> Iterator[Heard]:
    """Have everything logged and printed that can be, http.client's own prints too, and keep it."""
    heard, log, out = Heard(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    root, level, debug = logging.getLogger(), logging.getLogger().level, http.client.HTTPConnection.debuglevel
    root.addHandler(handler)
    root.setLevel(1)
    http.client.HTTPConnection.debuglevel = 9
    try:
        with warnings.catch_warnings(record=True) as warned, redirect_stdout(out), redirect_stderr(out):
            warnings.simplefilter("always")
            yield heard
            gc.collect()  # what is closed only now warns now
    finally:
        http.client.HTTPConnection.debuglevel = debug
        root.setLevel(level)
        root.removeHandler(handler)
    assert "Starting new HTTP connection" in log.getvalue(), "nobody logged: this proves nothing"
    heard.texts |= {f"log {number}": line for number, line in enumerate(log.getvalue().splitlines())}
    # What the harness tells its server goes by http.client, too.
    said = [line for line in out.getvalue().splitlines() if '"faults": ' not in line]
    heard.texts |= {"output": "\n".join(said), "warnings": " ".join(str(each.message) for each in warned)}


@pytest.fixture
def guarded(plain: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerHandle]:
    """A server whose credentials are canaries, in an environment with a proxy's password for other servers."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:9")
    with running_server(replace(plain, token=ACCESS, refresh_token=REFRESH)) as server:
        yield server


def tried(heard: Heard, name: str, call: Callable[[], object]) -> object:
    """Call it; what it gives or raises is noted."""
    try:
        value = call()
    except (ChadError, ExportCancelled) as exc:
        heard.note(name, exc)
        return None
    heard.note(name, value)
    return value


def run_everything(server: ServerHandle, folder: Path, heard: Heard) -> None:
    """Exports, downloads, look-ups, a retry, a refresh and a cancel, all of which go wrong in some way."""
    settings = quick(folder / "cache", attempts=3, connect_timeout_s=2.0)
    with (
        ChadMusicAPIClient(server.url, token=ACCESS, refresh_token=REFRESH, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        MixExporter(client, settings=settings) as exporter,
    ):
        playlist = client.playlist("plain")
        for number, script in enumerate(SCRIPTS, start=1):
            server.set_faults(f"t-{number}", script)
        plan = exporter.plan(playlist, folder / "exports")
        values = [client, client.credentials, service, exporter, settings, playlist, plan, exporter.preflight(plan)]
        for value in (*values, *playlist.entries, *(entry.track for entry in playlist.entries)):
            heard.note("value", value)
        result = tried(heard, "export", partial(exporter.export, playlist, folder / "exports", formats=FORMATS))
        assert isinstance(result, ExportResult)
        assert result.missing
        job = exporter.start(playlist, folder / "exports")
        heard.note("job", job)
        tried(heard, "job", job.result)
        tried(heard, "all", partial(exporter.export, playlist, folder / "exports", replace=True, on_missing="fail"))
        tried(heard, "retry", partial(exporter.retry, result.folder))
        for entry in playlist.entries:
            tried(heard, "download", partial(service.download, entry.track))
        tried(heard, "look-up", partial(client.track, "none"))
        token = CancelToken()
        token.cancel()
        tried(heard, "cancel", partial(exporter.export, playlist, folder / "others", cancel=token))
        server.expire_token()
        tried(heard, "refreshed", partial(client.track, "t-1"))
        server.expire_token()
        server.set_faults(REFRESH_PATH, [{"body": json.dumps({"token": f"{SIGNATURE} with blanks"}), "always": True}])
        tried(heard, "refused", partial(exporter.export, playlist, folder / "others"))
        unreachable(folder, heard)


def unreachable(folder: Path, heard: Heard) -> None:
    """Servers that are not there, directly and behind a proxy whose address holds a password."""
    settings = quick(folder / "cache", attempts=1, connect_timeout_s=2.0)
    for url in ("http://127.0.0.1:1", "https://127.0.0.1:1", "https://music.invalid", "http://music.invalid"):
        with ChadMusicAPIClient(url, token=ACCESS, settings=settings) as client:
            tried(heard, url, partial(client.track, "t-1"))
    for url in (f"https://user:{PASSWORD}@music.invalid", f"https://music.invalid/?token={ACCESS}", f"{PASSWORD}@x"):
        tried(heard, "address", partial(ChadMusicAPIClient, url, token=ACCESS))
    for token in (f"{ACCESS} ", f"{ACCESS}\r\nX: y", f"{ACCESS}\u00e4"):
        tried(heard, "token", partial(ChadMusicAPIClient, "https://music.invalid", token=token))
        tried(heard, "token", partial(BearerToken, token))
    tried(heard, "origin", partial(Settings, cdn_origins=(f"https://user:{PASSWORD}@cdn.invalid",)))


def test_no_secret_stands_anywhere(guarded: ServerHandle, plain: World, tmp_path: Path) -> None:
    """Not in logs at any level, output, warnings, errors and all they are made of, values, files or their names."""
    with listening() as heard:
        run_everything(guarded, tmp_path, heard)
    assert any(ACCESS in str(request.headers) for request in guarded.requests()), "no canary was sent"
    assert any(SIGNATURE in request.target for request in guarded.requests()), "no signed link was followed"
    assert heard.leaks() == []
    after = Aftermath(plain, tmp_path / "cache", tmp_path / "exports", secrets=SECRETS)
    assert [line for line in broken_invariants(after) if line.startswith("I3")] == []
    assert len(list((tmp_path / "exports").rglob("*"))) > len(FORMATS)
    partials = {path.suffix for path in (tmp_path / "cache").rglob(".partial/*")}
    assert partials <= {".part", ".validator"}


@pytest.mark.slow
def test_no_secret_in_what_is_put_aside(guarded: ServerHandle, plain: World, tmp_path: Path) -> None:
    """A partial and its note while they lie there: neither the signed link nor the token that they came by."""
    guarded.set_faults("t-1", [{"redirect": f"/open/tracks/1/audio.wav?sig={SIGNATURE}", "always": True}])
    guarded.set_faults("/open/tracks/1/audio.wav", [{"cut_body": 0.5, "always": True}])
    settings = quick(tmp_path / "cache", attempts=1)
    with (
        ChadMusicAPIClient(guarded.url, token=ACCESS, settings=settings) as client,
        DownloadService(client, settings=settings) as service,
        pytest.raises(ChadError),
    ):
        service.download(client.track("t-1"))
    found = sorted(path.suffix for path in (tmp_path / "cache").rglob(".partial/*"))
    assert found == [".part", ".validator"]
    after = Aftermath(plain, tmp_path / "cache", tmp_path / "exports", secrets=SECRETS)
    assert broken_invariants(after) == []


def test_no_secret_on_a_command_line(guarded: ServerHandle, tmp_path: Path) -> None:
    """While ``chadsdk export`` runs, what every user can read of it and its children holds no token; nor its output."""
    guarded.set_faults("t-3", [{"gate": "half", "after": 0.5}])
    guarded.set_faults("t-2", list(SCRIPTS[1]))
    command = Command(tmp_path).on(guarded)
    with command.started("export", "plain", "--to", tmp_path / "exports", "--json") as process:
        guarded.wait_at_gate("half")
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        lines = [" ".join(each.cmdline()) for each in family]
        guarded.open_gate("half")
        out, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "export plain --to" in lines[0]
    assert not [text for text in (*lines, out, err) for secret in SECRETS if secret in text]


@pytest.mark.parametrize("content", [f"{ACCESS} and more\n", f"\xff{ACCESS}", f"{ACCESS}\n{REFRESH}\n"])
def test_no_secret_from_a_token_file(tmp_path: Path, content: str) -> None:
    """A file with a token that cannot be one, or that cannot be read: its content is not shown."""
    (tmp_path / "token").write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        connect("https://music.invalid", tmp_path / "token", settings=quick(tmp_path / "cache"))
    heard = Heard()
    heard.note("error", caught.value)
    assert heard.leaks() == []
