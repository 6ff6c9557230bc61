"""The services of this machine that give AWS credentials: a container's agent, an instance's."""

import contextlib
import datetime
import http.server
import json

from support.s3_server import Keys, S3Server, served

ROLES = "/latest/meta-data/iam/security-credentials/"


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
def agent(s3: S3Server, key: str, minutes=60):
    """Yields its address; its keys are good for `s3`."""
    s3.keys[key] = Keys(f"secret of {key}", f"token/of+{key}==")
    with served(Agent, body=keys_json(key, s3.keys[key], minutes)) as server:
        yield f"http://127.0.0.1:{server.server_port}"
