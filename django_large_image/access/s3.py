"""Objects of an S3-compatible storage, read by ranges through GDAL's `/vsis3/`.

GDAL's options: https://gdal.org/en/stable/user/virtual_file_systems.html#vsis3
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, Any, Protocol, TypeGuard, cast
from urllib.parse import urlsplit

from django_large_image.access.path import remote_options
from django_large_image.access.ref import ImageRef
from django_large_image.access.versions import RemoteVersion, remote_versions, storage_error


class S3Storage(Protocol):
    """What is used of django-storages' S3 storage, and what a storage like it has; all else is optional."""

    bucket_name: str
    #: The URL of the server, None for Amazon's.
    endpoint_url: str | None
    #: The folder in the bucket.
    location: str

    @property
    def connection(self) -> Any:
        """Return boto3's resource of S3, whose methods are made when it is."""

    def _normalize_name(self, name: str) -> str: ...


def is_s3_storage(storage: object) -> TypeGuard[S3Storage]:
    """Return whether the storage is django-storages' S3 storage or one with the same attributes."""
    return all(hasattr(storage, name) for name in ('bucket_name', 'connection', 'endpoint_url', 'location'))


def s3_ref(storage: S3Storage, name: str, identity: str = '') -> ImageRef:
    """Return the `ImageRef` of an object; asks for its ETag unless that was done within `REMOTE_VERSION_SECONDS`.

    The credentials and the endpoint come from the storage object and stay beside the path. Raises `ImageMissing` and
    `RemoteUnavailable`.
    """
    bucket, object_key = storage.bucket_name, _object_key(storage, name)
    key = f's3://{storage.endpoint_url or ""}/{bucket}/{object_key}'

    def ask() -> RemoteVersion:
        return _head(storage, bucket, object_key)

    known = remote_versions.get(key, ask)
    return ImageRef(
        key=key,
        version=known.version,
        path=f'/vsis3/{bucket}/{object_key}',
        name=os.path.basename(object_key),
        identity=identity,
        remote=True,
        modified=known.modified,
        options=remote_options() | _credentials(storage) | _endpoint(storage) | known.condition,
        ask=ask,
        fetch=lambda: _get(storage, bucket, object_key, known.etag),
    )


def _object_key(storage: S3Storage, name: str) -> str:
    # django-storages keeps names without `location`, and puts it before them when it talks to the bucket.
    from storages.utils import clean_name

    return storage._normalize_name(clean_name(name))


def _head(storage: S3Storage, bucket: str, object_key: str) -> RemoteVersion:
    """Return what the storage says of an object; raises `ImageMissing` and `RemoteUnavailable`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: Mapping[str, Any] = storage.connection.meta.client.head_object(Bucket=bucket, Key=object_key)
    except ClientError as error:
        raise storage_error(error.response.get('ResponseMetadata', {}).get('HTTPStatusCode')) from None
    except BotoCoreError:
        raise storage_error(None) from None
    version = f'{answer["ETag"]}/{answer["ContentLength"]}/{answer.get("VersionId", "")}'
    return RemoteVersion(version, answer['LastModified'].timestamp(), etag=answer['ETag'])


def _get(storage: S3Storage, bucket: str, object_key: str, etag: str) -> IO[bytes]:
    """Open the version of an object that has this ETag; raises `ImageChanged` as well."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = storage.connection.meta.client.get_object(Bucket=bucket, Key=object_key, IfMatch=etag)
    except ClientError as error:
        raise storage_error(error.response.get('ResponseMetadata', {}).get('HTTPStatusCode')) from None
    except BotoCoreError:
        raise storage_error(None) from None
    return cast('IO[bytes]', answer['Body'])


def _credentials(storage: S3Storage) -> dict[str, str]:
    """Return the storage's credentials as GDAL's options, or the option that requests are not signed."""
    found = (
        getattr(storage, 'access_key', None),
        getattr(storage, 'secret_key', None),
        getattr(storage, 'security_token', None),
    )
    if not (found[0] and found[1]):
        # The storage uses boto3's own chain: profile, environment, role of the machine.
        import boto3

        chain = boto3.Session(profile_name=getattr(storage, 'session_profile', None)).get_credentials()
        if chain is None:
            return {'AWS_NO_SIGN_REQUEST': 'YES'}
        frozen = chain.get_frozen_credentials()
        found = frozen.access_key, frozen.secret_key, frozen.token
    names = ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')
    return {name: value for name, value in zip(names, found, strict=True) if value}


def _endpoint(storage: S3Storage) -> dict[str, str]:
    """Return the storage's region, server and style of addresses as GDAL's options."""
    options = {'AWS_REGION': getattr(storage, 'region_name', None) or 'us-east-1'}
    if storage.endpoint_url:
        parts = urlsplit(storage.endpoint_url)
        options['AWS_S3_ENDPOINT'] = parts.netloc + parts.path.rstrip('/')
        options['AWS_HTTPS'] = 'NO' if parts.scheme == 'http' else 'YES'
    style = getattr(storage, 'addressing_style', None) or ('path' if storage.endpoint_url else 'virtual')
    options['AWS_VIRTUAL_HOSTING'] = 'FALSE' if style in ('path', 'auto') and storage.endpoint_url else 'TRUE'
    if getattr(storage, 'verify', None) is False:
        options['GDAL_HTTP_UNSAFESSL'] = 'YES'
    return options
