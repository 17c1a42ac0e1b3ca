"""A receiver of rows: keeps each body it is sent on disk (SQLite, synced) before it answers.

receiver.py FILE: prints its port. With KEEP=no it only reads and parses what it is sent.
"""

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

KEEP = os.environ.get("KEEP") != "no"
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode = wal")
db.execute("pragma synchronous = full")
db.execute("create table bodies (key text, body blob)")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        json.loads(body)
        if KEEP:
            db.execute("insert into bodies values (?, ?)", (self.headers["idempotency-key"], body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
