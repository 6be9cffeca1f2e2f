"""Objects of an S3-compatible storage, read by ranges through GDAL's `/vsis3/`.

GDAL's options: https://gdal.org/en/stable/user/virtual_file_systems.html#vsis3
"""

from __future__ import annotations

import os
from typing import IO, Any, cast
from urllib.parse import urlsplit

from django_large_image.access.path import remote_options
from django_large_image.access.ref import ImageRef
from django_large_image.access.versions import RemoteVersion, remote_versions, storage_error


def is_s3_storage(storage: Any) -> bool:
    """Return whether the storage is django-storages' S3 storage or one with the same attributes."""
    return all(hasattr(storage, name) for name in ('bucket_name', 'connection', 'endpoint_url', 'location'))


def s3_ref(storage: Any, name: str, identity: str = '') -> ImageRef:
    """Return the `ImageRef` of an object; asks for its ETag unless that was done lately.

    The credentials and the endpoint come from the storage object and stay beside the path.
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


def _object_key(storage: Any, name: str) -> str:
    # django-storages stores names without `location` and adds it, cleaned, when it talks to the bucket.
    from storages.utils import clean_name

    return cast(str, storage._normalize_name(clean_name(name)))


def _head(storage: Any, bucket: str, object_key: str) -> RemoteVersion:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = storage.connection.meta.client.head_object(Bucket=bucket, Key=object_key)
    except ClientError as error:
        raise storage_error(error.response.get('ResponseMetadata', {}).get('HTTPStatusCode')) from None
    except BotoCoreError:
        raise storage_error(None) from None
    version = f'{answer["ETag"]}/{answer["ContentLength"]}/{answer.get("VersionId", "")}'
    return RemoteVersion(version, answer['LastModified'].timestamp(), etag=answer['ETag'])


def _get(storage: Any, bucket: str, object_key: str, etag: str) -> IO[bytes]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = storage.connection.meta.client.get_object(Bucket=bucket, Key=object_key, IfMatch=etag)
    except ClientError as error:
        raise storage_error(error.response.get('ResponseMetadata', {}).get('HTTPStatusCode')) from None
    except BotoCoreError:
        raise storage_error(None) from None
    return cast('IO[bytes]', answer['Body'])


def _credentials(storage: Any) -> dict[str, str]:
    if getattr(storage, 'access_key', None) and getattr(storage, 'secret_key', None):
        found = storage.access_key, storage.secret_key, getattr(storage, 'security_token', None)
    else:
        # The storage uses boto3's own chain: profile, environment, role of the machine.
        import boto3

        chain = boto3.Session(profile_name=getattr(storage, 'session_profile', None)).get_credentials()
        if chain is None:
            return {'AWS_NO_SIGN_REQUEST': 'YES'}
        frozen = chain.get_frozen_credentials()
        found = frozen.access_key, frozen.secret_key, frozen.token
    names = ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')
    return {name: value for name, value in zip(names, found, strict=True) if value}


def _endpoint(storage: Any) -> dict[str, str]:
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
