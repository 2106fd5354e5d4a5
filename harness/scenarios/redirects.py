"""Rows 35 to 40: where a server may send a request, what goes along, and whom to believe that it is the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from harness.scenarios.certificates import tls_files
from harness.scenarios.scenario import REST, SUBJECT, WHOLE, Asked, Expected, Hooks, Scenario
from harness.scenarios.staging import always, faulty, lying_page
from harness.world import FaultEntry

if TYPE_CHECKING:
    from harness.scenarios.scene import Scene

__all__ = ["SCENARIOS"]

HOME = "/tracks/1/audio.wav"
OPEN = f"/open{HOME}"
AWAY: Asked = (None, 302)
NO_PLACES = (
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "//169.254.169.254/latest/meta-data",
    "http://[::1]:1/x",
    "http://user:pass@127.0.0.1/x",
    "javascript:alert(1)",
)
NO_PATHS = (
    "http://evil.example/x",
    "//evil.example/x",
    "@evil.example/x",
    "/../x",
    "/%2e%2e/x",
    "/tracks\\..\\x",
    "/tracks/1\r\nX: y",
)


def _to_the_other(path: str, *there: FaultEntry) -> Callable[[Scene], None]:
    def before(scene: Scene) -> None:
        assert scene.other is not None
        scene.server.set_faults(SUBJECT, [{"redirect": scene.other.url + path, "always": True}])
        scene.other.set_faults(OPEN, there)

    return before


def _good_certificate(scene: Scene) -> None:
    scene.kill_server()
    good = tls_files("good", scene.aside)
    assert good is not None
    scene.trusted.write_bytes(good.authority.read_bytes())
    scene.start_server_again(tls=good)


def _bad_certificate(kind: Literal["expired", "wrong-host", "unknown-authority"], what: str) -> Scenario:
    return Scenario(
        f"certificate-{kind}",
        f"The server's certificate {what}: one clear error, nothing is sent, nothing weaker is tried.",
        rows=(40,),
        certificate=kind,
        hooks=Hooks(healed=_good_certificate),
        expected=Expected(error="NetworkError", others=(), api=0, cached=0, within_s=10),
    )


def _misleading(scene: Scene) -> Mapping[str, str]:
    """A netrc for the server's host, and a proxy where nobody listens, which the environment itself excepts."""
    netrc = scene.aside / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    return {"NETRC": str(netrc), "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}  # fmt: skip


def _bundle(scene: Scene) -> Mapping[str, str]:
    return {"REQUESTS_CA_BUNDLE": str(scene.trusted)}


SCENARIOS = (
    Scenario(
        "redirect-loop",
        "A redirect to itself: five are followed, the sixth is an error, and the whole is not tried again.",
        faulty(always(redirect=HOME)),
        rows=(35,),
        expected=Expected(missing={1: "protocol"}, asked={SUBJECT: (AWAY,) * 6}),
    ),
    Scenario(
        "redirect-five-times",
        "Five redirects on the server itself are followed.",
        faulty(({"redirect": HOME, "times": 5},)),
        rows=(35,),
        expected=Expected(asked={SUBJECT: (*(AWAY,) * 5, WHOLE)}),
    ),
    Scenario(
        "redirect-to-a-stranger",
        "A redirect to another origin that nobody allowed: not one request goes there.",
        rows=(36,),
        other="foreign",
        hooks=Hooks(before=_to_the_other(OPEN)),
        expected=Expected(missing={1: "unsafe_url"}, asked={SUBJECT: (AWAY,)}),
    ),
    Scenario(
        "redirect-to-an-allowed-origin",
        "A redirect to an origin that the user allows: followed without credentials, and with the range.",
        rows=(36,),
        other="allowed",
        hooks=Hooks(before=_to_the_other(OPEN, {"cut_body": 0.5})),
        expected=Expected(asked={SUBJECT: (AWAY, (REST[0], 302))}, elsewhere=2),
    ),
    Scenario(
        "refused-by-an-allowed-origin",
        "An allowed origin wants credentials, which it is never shown: one more link, no refresh, no end of the run.",
        rows=(32, 36),
        other="allowed",
        refreshes=True,
        hooks=Hooks(before=_to_the_other(HOME)),
        expected=Expected(missing={1: "forbidden"}, asked={SUBJECT: (AWAY, AWAY)}, elsewhere=2),
    ),
    Scenario(
        "redirect-out-of-https",
        "From https to http, even to an allowed origin: refused.",
        rows=(36,),
        other="allowed",
        certificate="good",
        hooks=Hooks(before=_to_the_other(OPEN)),
        expected=Expected(missing={1: "unsafe_url"}, asked={SUBJECT: (AWAY,)}),
    ),
    Scenario(
        "redirect-to-no-place",
        "Redirects to files, other schemes, user names, other hosts and scripts: refused without a request.",
        faulty(*(always(redirect=location) for location in NO_PLACES)),
        rows=(37,),
        tracks=len(NO_PLACES) + 1,
        expected=Expected(
            missing=dict.fromkeys(range(1, len(NO_PLACES) + 1), "unsafe_url"),
            asked={f"t-{number}": (AWAY,) for number in range(1, len(NO_PLACES) + 1)},
        ),
    ),
    Scenario(
        "stream-path-elsewhere",
        "Stream paths that are addresses, climb, or hold a line break: refused without a request.",
        lying_page(*({"streamPath": path} for path in NO_PATHS)),
        rows=(38,),
        tracks=len(NO_PATHS) + 1,
        expected=Expected(
            missing=dict.fromkeys(range(1, len(NO_PATHS) + 1), "unsafe_url"),
            asked={f"t-{number}": () for number in range(1, len(NO_PATHS) + 1)},
        ),
    ),
    Scenario(
        "misleading-environment",
        "A netrc with other credentials for the server, and a proxy that is not for it: our credentials go, directly.",
        rows=(39,),
        hooks=Hooks(environment=_misleading),
        expected=Expected(),
    ),
    Scenario(
        "certificates-of-the-environment",
        "REQUESTS_CA_BUNDLE names the authority, and the settings none.",
        rows=(39,),
        certificate="good",
        settings={"ca_bundle": None},
        hooks=Hooks(environment=_bundle),
        expected=Expected(),
    ),
    _bad_certificate("expired", "has expired"),
    _bad_certificate("wrong-host", "is for another host"),
    _bad_certificate("unknown-authority", "is by nobody that the user trusts"),
)
