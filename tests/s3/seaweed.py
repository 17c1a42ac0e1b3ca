"""A real S3 server, SeaweedFS from PyPI, on loopback: ports, folder and keys of its own."""

from __future__ import annotations

import ctypes
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from obstore.store import S3Config

START_SECONDS = 180
BUCKET = "lakes"


def program() -> str | None:
    """The server's program: in this environment, or on PATH; None where it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.is_file() else shutil.which("weed")


class Seaweed:
    """One server with one bucket; `stop` and `start` again keep what is stored and the port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.secret = secrets.token_hex(8), secrets.token_hex(16)
        self.ports = _free_ports(8)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").mkdir(exist_ok=True)
        (folder / "s3.json").write_text(json.dumps(self._identities()), encoding="utf-8")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def environment(self, endpoint: str | None = None) -> dict[str, str]:
        """What a client of this server has in its environment."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint or self.endpoint,
            "AWS_ALLOW_HTTP": "true",
        }

    def start(self) -> None:
        """Starts the server and waits until it takes and gives back an object."""
        s3, s3_grpc, filer, filer_grpc, master, master_grpc, volume, volume_grpc = self.ports
        arguments = [
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.volumeSizeLimitMB=1024",
            "-master.volumePreallocate=false",
            "-master.electionTimeout=1s",  # there is one: who waits for others waits in vain
            f"-master.port={master}",
            f"-master.port.grpc={master_grpc}",
            f"-volume.port={volume}",
            f"-volume.port.grpc={volume_grpc}",
            "-volume.max=0",
            f"-filer.port={filer}",
            f"-filer.port.grpc={filer_grpc}",
            "-s3",
            "-s3.autoCreateBucket=false",
            f"-s3.port={s3}",
            f"-s3.port.grpc={s3_grpc}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self.folder / 's3.sock'}",
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            f"-s3.config={self.folder / 's3.json'}",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program() or "weed", "server", *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - calls C only
            )
        self._expect()

    def stop(self) -> None:
        """Ends the server at once, as an outage does; what it has taken is on disk."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()  # it takes half a minute to end when it is asked to
        process.wait()

    def _expect(self) -> None:
        import obstore
        from obstore.store import S3Store

        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self._make_bucket()
                config = cast("S3Config", {k.lower(): v for k, v in self.environment().items()})
                store = S3Store(
                    BUCKET,
                    config=config,
                    client_options={"allow_http": True, "timeout": "2s"},
                    retry_config={"max_retries": 0},
                )
                obstore.put(store, "_probe", b"there", mode="overwrite")
                if obstore.get(store, "_probe").bytes() == b"there":
                    break
            except Exception as error:
                if time.monotonic() > until or (self._process and self._process.poll()):
                    log = (self.folder / "log").read_text(errors="replace")[-3000:]
                    self.stop()
                    raise RuntimeError(f"SeaweedFS did not start ({error}): {log}") from error
            time.sleep(0.1)
        try:
            obstore.put(store, "_probe", b"twice", mode="create")
        except obstore.exceptions.AlreadyExistsError:
            return
        self.stop()
        raise RuntimeError("this SeaweedFS ignores conditional puts")

    def _make_bucket(self) -> None:
        """Signed by hand: an object store's client makes no buckets."""
        import datetime as dt
        import hashlib
        import hmac
        import urllib.error
        import urllib.request

        now = dt.datetime.now(dt.UTC)
        day, stamp = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
        host, empty = self.endpoint.removeprefix("http://"), hashlib.sha256(b"").hexdigest()
        names = "host;x-amz-content-sha256;x-amz-date"
        request = (
            f"PUT\n/{BUCKET}\n\nhost:{host}\nx-amz-content-sha256:{empty}\n"
            f"x-amz-date:{stamp}\n\n{names}\n{empty}"
        )
        scope = f"{day}/us-east-1/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for word in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"):
            key = hmac.digest(key, word.encode(), "sha256")
        headers = {
            "x-amz-content-sha256": empty,
            "x-amz-date": stamp,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, "
            f"SignedHeaders={names}, Signature={key.hex()}",
        }
        url = f"{self.endpoint}/{BUCKET}"
        try:
            urllib.request.urlopen(
                urllib.request.Request(url, method="PUT", headers=headers), timeout=10
            ).close()
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 409:  # it is there already
                    raise

    def _identities(self) -> object:
        keys = [{"accessKey": self.key, "secretKey": self.secret}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        return {"identities": [{"name": "tests", "credentials": keys, "actions": actions}]}


def _end_with_parent() -> None:
    """Has the server killed when the tests are, however they end (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all are held while the next are looked for."""
    held = []
    try:
        for _ in range(count):
            held.append(socket.socket())
            held[-1].bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


if __name__ == "__main__":
    server = Seaweed(Path(sys.argv[1]))
    server.start()
    for name, value in server.environment().items():
        print(f"export {name}={value}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
