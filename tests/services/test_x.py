import pytest

from tests.app.models import S3Image
from tests.services.answers import *


@pytest.mark.parametrize(
    'name',
    [
        'rgb',
        'uint16',
        'dem',
        'palette',
        'rgba',
        'striped',
        'no-crs',
        'striped-plain',
        'ome',
        'png',
        'jpeg',
        'png16',
        'gif',
    ],
)
def test_x(db, s3, bucket, s3_storage, s3_requests, get, tmp_path, settings, images, image_file, name):
    geo = name in ('rgb', 'uint16', 'dem', 'palette', 'rgba', 'striped')
    with on_disk():
        expected = answers(get, image_file(name), geospatial=geo)
    p = images(name)
    s3.client().upload_file(str(p), bucket, p.name)
    s3_requests.reset()
    im = S3Image.objects.create(name='a', blob=p.name)
    same(answers(get, im, 's3-image', geospatial=geo), expected)
