"""The servers that speak S3 to the tests: moto, or the real one that $TAPELAKE_S3_SERVER names.

`./dev test --full s3` builds the real ones from their Go modules (tests/go-peers.txt).
"""

import base64
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from support.credential_services import identity_provider
from support.local_server import Program, free_port, running
from support.program import ROOT

KEY, SECRET, REGION = "AKIATEST", "secret/of+test", "eu-west-1"
BINARIES = ROOT / ".deps" / "go" / "bin"


@dataclass
class Backend:
    """A server that runs, with nothing on it, where KEY with SECRET may do everything."""

    url: str
    program: Program
    judges: bool  # by itself: it checks signatures and keys, and each write is atomic
    kms_key: str  # the id of a key that it knows
    web_identity_token: str = ""  # for which its STS gives keys


@contextlib.contextmanager
def moto(folder: Path):
    """Takes any signature, key and token; a put that is conditional is not atomic."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
    with running(command, url, folder) as program:
        yield Backend(url, program, False, "alias/lake", "a.web.identity.token")


@contextlib.contextmanager
def minio(folder: Path):
    """With a KMS of one key, and an STS that takes the tokens of one provider."""
    port = free_port()
    url, kms_key = f"http://127.0.0.1:{port}", "lake-key"
    command = [BINARIES / "minio", "server", "--address", f"127.0.0.1:{port}", folder / "data"]
    with identity_provider() as workload, running(
            command, f"{url}/minio/health/cluster", folder, HOME=str(folder),
            MINIO_ROOT_USER=KEY, MINIO_ROOT_PASSWORD=SECRET, MINIO_SITE_REGION=REGION,
            MINIO_BROWSER="off", MINIO_UPDATE="off",
            MINIO_KMS_SECRET_KEY=f"{kms_key}:{base64.b64encode(bytes(range(32))).decode()}",
            MINIO_IDENTITY_OPENID_CONFIG_URL=workload.configuration,
            MINIO_IDENTITY_OPENID_CLIENT_ID=workload.client,
            MINIO_IDENTITY_OPENID_CLIENT_SECRET=workload.secret) as program:
        yield Backend(url, program, True, kms_key, workload.token(policy="readwrite"))


@contextlib.contextmanager
def versitygw(folder: Path):
    """Objects are files of a folder. It knows nothing of encryption and has no STS."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "data").mkdir()
    command = [BINARIES / "versitygw", "--port", f"127.0.0.1:{port}", "--region", REGION,
               "--health", "/health", "posix", folder / "data"]
    with running(command, f"{url}/health", folder, HOME=str(folder), ROOT_ACCESS_KEY=KEY,
                 ROOT_SECRET_KEY=SECRET) as program:
        yield Backend(url, program, True, "")


def chosen():
    """The context manager of the server that $TAPELAKE_S3_SERVER names; moto if it names none."""
    name = os.environ.get("TAPELAKE_S3_SERVER", "moto")
    servers = {server.__name__: server for server in (moto, minio, versitygw)}
    assert name in servers, f"TAPELAKE_S3_SERVER is '{name}', not one of {', '.join(servers)}"
    return servers[name]
