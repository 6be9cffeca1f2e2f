"""A real S3 server on loopback: OpenStack Swift with its s3api, one node, one replica, pure Python.

Unlike mocks it checks signatures, answers ranges as S3 does and is another process, so GDAL can read from it.
"""

from __future__ import annotations

import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

from tests.services.process import Processes, free_ports
from tests.services.requestlog import RequestLog

ROOT = pathlib.Path(__file__).resolve().parents[2]

SWIFT_CONF = """
[swift-hash]
swift_hash_path_prefix = a
swift_hash_path_suffix = b
[storage-policy:0]
name = gold
default = yes
"""

COMMON_CONF = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {conf}
devices = {devices}
mount_check = false
disable_fallocate = true
log_level = ERROR
"""

BACKEND_CONF = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

#: Our log of requests is first, so that it sees also what is refused.
PIPELINE = (
    'requests catch_errors gatekeeper healthcheck cache listing_formats bulk '
    's3api tempauth copy slo dlo proxy-server'
)

PROXY_CONF = """
[pipeline:main]
pipeline = {pipeline}
[app:proxy-server]
use = egg:swift#proxy
conn_timeout = 10
account_autocreate = true
allow_account_management = true
[filter:requests]
paste.filter_factory = tests.services.s3_filter:filter_factory
log_path = {log_path}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcache_port}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
rate_limit_after_segment = 1000000
[filter:dlo]
use = egg:swift#dlo
"""

BACKENDS = ('account', 'container', 'object')


def swift_bin() -> pathlib.Path | None:
    """Return the folder of Swift's programs: DLI_SWIFT_BIN, beside this Python, or on the PATH; None if nowhere."""
    places = [
        os.environ.get('DLI_SWIFT_BIN', ''),
        str(pathlib.Path(sys.executable).parent),
        os.environ.get('PATH', ''),
    ]
    found = shutil.which('swift-proxy-server', path=os.pathsep.join(filter(None, places)))
    return pathlib.Path(found).parent.absolute() if found else None


def put(s3: S3Server, bucket: str, path: pathlib.Path, key: str = '') -> str:
    """Store a file as one object and return its key."""
    s3.client().put_object(Bucket=bucket, Key=key or path.name, Body=path.read_bytes())
    return key or path.name


class S3Server:
    """An S3 server that keeps its data in `folder` and lives for a `with` block; it starts in some 3 seconds."""

    access_key = 'test:tester'
    secret_key = 'testing'
    region = 'us-east-1'

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._conf = folder / 'conf'
        self._log_path = folder / 'requests.jsonl'
        self.port, self._memcache_port, *ports = free_ports(2 + len(BACKENDS))
        self._ports = dict(zip(BACKENDS, ports, strict=True))
        self._processes = Processes(folder)

    @property
    def endpoint(self) -> str:
        """Return the address of the server, such as ``http://127.0.0.1:34567``."""
        return f'http://127.0.0.1:{self.port}'

    def __enter__(self) -> S3Server:
        programs = swift_bin()
        if programs is None:
            raise FileNotFoundError("Swift's programs are not installed")
        self._configure(programs)
        # PasteDeploy imports our filter.
        env = {'PYTHONPATH': os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))}
        try:
            for name in (*BACKENDS, 'proxy'):
                command = [str(programs / f'swift-{name}-server'), str(self._conf / f'{name}-server.conf')]
                self._processes.start(name, command, env)
            self._processes.wait(self._is_up)
        except BaseException:
            self._processes.stop()
            raise
        return self

    def __exit__(self, *args: object) -> None:
        self._processes.stop()

    def client(self, **options: Any) -> Any:
        """Return a boto3 client of the server."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            's3',
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(
                signature_version='s3v4', s3={'addressing_style': 'path'}, retries={'max_attempts': 1}
            ),
            **options,
        )

    def storage_options(self, bucket: str) -> dict[str, Any]:
        """Return the options of django-storages' `S3Storage` for a bucket."""
        return {
            'bucket_name': bucket,
            'endpoint_url': self.endpoint,
            'access_key': self.access_key,
            'secret_key': self.secret_key,
            'region_name': self.region,
            'addressing_style': 'path',
            'signature_version': 's3v4',
            'file_overwrite': True,
        }

    def requests(self) -> RequestLog:
        """Return a log of the requests from now on."""
        return RequestLog(self._log_path)

    def _is_up(self) -> bool:
        try:
            # The proxy is not always the last to listen, and answers 503 for one that does not.
            for port in self._ports.values():
                socket.create_connection(('127.0.0.1', port), timeout=2).close()
            with urllib.request.urlopen(f'{self.endpoint}/healthcheck', timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _configure(self, programs: pathlib.Path) -> None:
        """Write the configuration files and the rings, which say where an object is kept: on the one device."""
        devices = self._folder / 'devices'
        for folder in (self._conf, devices / 'one'):
            folder.mkdir(parents=True, exist_ok=True)
        # Swift keeps metadata in extended attributes, which some file systems do not have.
        os.setxattr(devices, 'user.dli', b'1')
        (self._conf / 'swift.conf').write_text(SWIFT_CONF)
        common = {'user': getpass.getuser(), 'conf': self._conf, 'devices': devices}
        for name, port in self._ports.items():
            text = COMMON_CONF.format(port=port, **common) + BACKEND_CONF.format(name=name)
            (self._conf / f'{name}-server.conf').write_text(text)
            builder = [str(programs / 'swift-ring-builder'), str(self._conf / f'{name}.builder')]
            # 2⁴ partitions, one replica, and no hours between two changes.
            for step in (
                ['create', '4', '1', '0'],
                ['add', f'r1z1-127.0.0.1:{port}/one', '1'],
                ['rebalance'],
            ):
                subprocess.run([*builder, *step], check=True, capture_output=True)
        proxy = COMMON_CONF.format(port=self.port, **common) + PROXY_CONF.format(
            pipeline=PIPELINE,
            log_path=self._log_path,
            memcache_port=self._memcache_port,
            secret=self.secret_key,
        )
        (self._conf / 'proxy-server.conf').write_text(proxy)
