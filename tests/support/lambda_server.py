"""Lambda's Invoke API with one function behind it, which fails on request.

Whatever is not signed as AWS would have it is refused; each signature is computed again with
botocore.
"""

import base64
import contextlib
import http.server
import json
import re
import socket
import struct
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from support.local_server import clean_environment, served

REGION, KEY, SECRET = "eu-west-1", "AKIALAMBDA", "lambda-secret"
PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
ANSWER_BYTES_MAX = 6 << 20
REQUEST_BYTES_MAX = 6 << 20


@dataclass
class Seen:
    """One invocation."""

    function: str
    event: dict
    headers: dict[str, str]  # names in lower case
    bytes: int
    fault: object = "pass"

    @property
    def records(self) -> list[bytes]:
        return [base64.b64decode(record["data"], validate=True) for record in self.event["records"]]


def ok(data: bytes, **keys: str) -> list[dict]:
    """The answer to a record, without its id."""
    answer = {"result": "Ok", "data": base64.b64encode(data).decode()}
    return [answer | ({"metadata": {"partitionKeys": keys}} if keys else {})]


def result(word: str) -> list[dict]:
    return [{"result": word}]


@dataclass
class LambdaServer:
    """What a test talks to. `function` says what is answered to a record (a list: a function may
    answer none or twice), given the number of the invocation. A fault says what to do with an
    invocation: "pass", "function-error", "too-large", "garbage", "hang-up" (it ran, and the answer
    is lost) or a status such as 429."""

    endpoint: str = ""
    function: Callable[[bytes, int], list[dict]] = lambda data, number: ok(data)
    fault: Callable[[Seen], object] = lambda seen: "pass"
    seen: list[Seen] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "AWS_ENDPOINT_URL_LAMBDA": self.endpoint, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are written one after the other

    def do_POST(self):
        server: LambdaServer = self.server.api
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed
            return self.hang_up()
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = PATH.fullmatch(self.path)
        refusal = self.refusal(headers, body)
        if refusal or not found or len(body) > REQUEST_BYTES_MAX:
            refusal = refusal or ("ResourceNotFoundException" if not found
                                  else "RequestTooLargeException")
            server.refused.append(refusal)
            return self.answer(403, {"x-amzn-ErrorType": refusal}, b'{"Message":"refused"}')
        with server.lock:
            seen = Seen(urllib.parse.unquote(found[1]), json.loads(body), headers, len(body))
            server.seen.append(seen)
            number = len(server.seen)
            seen.fault = server.fault(seen)
        if isinstance(seen.fault, int):
            return self.answer(seen.fault, {"x-amzn-ErrorType": "TooManyRequestsException"
                                            if seen.fault == 429 else "ServiceException"},
                               b'{"Message":"as the test wants it"}')
        if seen.fault == "function-error":
            return self.answer(200, {"X-Amz-Function-Error": "Unhandled"},
                               b'{"errorMessage":"as the test wants it","errorType":"E"}')
        if seen.fault == "garbage":
            return self.answer(200, {}, b'"no answer"')
        answers = [{"recordId": record["recordId"]} | one
                   for record, data in zip(seen.event["records"], seen.records, strict=True)
                   for one in server.function(data, number)]
        payload = {"records": answers}
        if seen.fault == "too-large":
            payload["padding"] = "x" * ANSWER_BYTES_MAX
        if seen.fault == "hang-up":
            return self.hang_up()
        self.answer(200, {"X-Amz-Executed-Version": "$LATEST"}, json.dumps(payload).encode())

    def refusal(self, headers: dict[str, str], body: bytes) -> str | None:
        """Why AWS would not take this request; None: it would."""
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", headers.get("authorization", ""))
        if not found:
            return "MissingAuthenticationTokenException"
        key, _, region, service, names, signature = found.groups()
        signed = set(names.split(";"))
        must = {"host"} | {name for name in headers if name.startswith("x-amz-")}
        if (key, region, service) != (KEY, REGION, "lambda") or not must <= signed:
            return "UnrecognizedClientException"
        request = botocore.awsrequest.AWSRequest(
            "POST", f"{self.server.api.endpoint}{self.path}", data=body,
            headers={name: headers[name] for name in signed - {"host"}})
        request.context["timestamp"] = headers["x-amz-date"]
        auth = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(KEY, SECRET), "lambda", REGION)
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)),
                                  request)
        return None if expected == signature else "InvalidSignatureException"

    def answer(self, status: int, headers: dict[str, str], body: bytes):
        # The client may have been killed.
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def hang_up(self):
        """Close the connection at once, as a dying server does."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def lambda_server():
    api = LambdaServer()
    with served(Handler, api=api) as server:
        api.endpoint = f"http://127.0.0.1:{server.server_port}"
        yield api
