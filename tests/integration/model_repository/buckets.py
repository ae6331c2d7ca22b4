"""Storages and raw access to what lies in the bucket."""

from typing import Any

import boto3

from model_repository.objects.bucket import Bucket
from model_repository.settings import S3Settings
from model_repository.storage.bucket import BucketStorage


def storage_in(settings: S3Settings) -> BucketStorage:
    return BucketStorage(Bucket(settings), lag_seconds=20)


class Raw:
    """The bucket as an administrator sees it."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
        )

    def keys(self) -> list[str]:
        prefix = f"{self._settings.prefix}/"
        answer = self._client.list_objects_v2(Bucket=self._settings.bucket, Prefix=prefix)
        return [item["Key"].removeprefix(prefix) for item in answer.get("Contents", ())]

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._settings.bucket, Key=f"{self._settings.prefix}/{key}", Body=data)

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._settings.bucket, Key=f"{self._settings.prefix}/{key}")

    def parts_left(self) -> int:
        answer = self._client.list_multipart_uploads(Bucket=self._settings.bucket)
        return len(
            [each for each in answer.get("Uploads", ()) if each["Key"].startswith(self._settings.prefix)]
        )
