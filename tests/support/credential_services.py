"""The services of this machine that give or prove AWS credentials: a container's agent, an
instance's, and the provider of identities whose tokens STS takes."""

import base64
import contextlib
import datetime
import hashlib
import hmac
import http.server
import json
import time
from dataclasses import dataclass

from support.local_server import served

ROLES = "/latest/meta-data/iam/security-credentials/"


@dataclass
class Keys:
    secret: str
    token: str | None = None


def keys_json(key: str, keys: Keys, minutes: int) -> bytes:
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    return json.dumps({
        "Code": "Success", "AccessKeyId": key, "SecretAccessKey": keys.secret, "Token": keys.token,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()


class Agent(http.server.BaseHTTPRequestHandler):
    """Both services; each wants its own proof."""

    def do_GET(self):
        if self.path == "/container":
            allowed = self.headers.get("Authorization") == "container-proof"
            return self.answer(self.server.body if allowed else None)
        if self.headers.get("X-aws-ec2-metadata-token") != "session-proof":
            return self.answer(None)
        self.answer({ROLES: b"the-role", ROLES + "the-role": self.server.body}.get(self.path))

    def do_PUT(self):
        wanted = self.path == "/latest/api/token"
        lasting = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "").isdigit()
        self.answer(b"session-proof" if wanted and lasting else None)

    def answer(self, body: bytes | None):
        self.send_response(200 if body else 401)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def agent(key: str, keys: Keys, minutes=60):
    """Gives the keys `key`; yields its address."""
    with served(Agent, body=keys_json(key, keys, minutes)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@dataclass
class Identity:
    """A workload that an OpenID provider knows; the provider signs with the client's secret."""

    configuration: str  # the URL of the provider's discovery document
    client: str = "tapelake-test"
    secret: str = "what-only-the-provider-and-sts-know"

    def token(self, minutes=60, **claims: str) -> str:
        """What the provider gives the workload, to be shown to STS."""
        now = int(time.time())
        claims |= {"iss": self.configuration, "aud": self.client, "sub": "workload",
                   "iat": now, "exp": now + 60 * minutes}
        parts = [{"alg": "HS256", "typ": "JWT", "kid": self.client}, claims]
        signed = b".".join(unpadded(json.dumps(part).encode()) for part in parts)
        signature = hmac.digest(self.secret.encode(), signed, hashlib.sha256)
        return (signed + b"." + unpadded(signature)).decode()


def unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Provider(http.server.BaseHTTPRequestHandler):
    """Where STS asks how to check a token: with the secret, so there are no keys to publish."""

    def do_GET(self):
        here = f"http://{self.headers['Host']}"
        body = json.dumps({"/configuration": {"issuer": here, "jwks_uri": f"{here}/keys"},
                           "/keys": {"keys": []}}.get(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def identity_provider():
    """Yields the identity that it vouches for."""
    with served(Provider) as server:
        yield Identity(f"http://127.0.0.1:{server.server_port}/configuration")
