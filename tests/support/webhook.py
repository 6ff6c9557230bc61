"""A webhook that keeps what it is sent."""

import http.server
import json
import threading
from contextlib import contextmanager


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers what its server is told to and keeps what it was sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, dict(self.headers), json.loads(body)))
        self.server.arrived.release()
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def receiver(status=204, context=None):
    """A webhook on a free port of this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.status, server.posted, server.arrived = status, [], threading.Semaphore(0)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
