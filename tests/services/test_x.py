import time, pytest, rasterio
from tests.services.s3 import put
def test_x(s3, bucket, images, tmp_path, settings, s3_requests, http_server, http_folder):
    from django_large_image.access.path import remote_options
    import shutil
    shutil.copy(images('rgb'), http_folder/'a.tif')
    print(rasterio.__gdal_version__)
    put(s3, bucket, images('rgb'), 'a.tif')
    etag=s3.client().head_object(Bucket=bucket, Key='a.tif')['ETag']
    print(etag)
    from rasterio.session import Session
    class C(Session):
        def __init__(self, o): self._o=o
        def get_credential_options(self): return self._o
    creds=dict(AWS_ACCESS_KEY_ID=s3.access_key, AWS_SECRET_ACCESS_KEY=s3.secret_key, AWS_REGION='us-east-1', AWS_S3_ENDPOINT=s3.endpoint[7:], AWS_HTTPS='NO', AWS_VIRTUAL_HOSTING='FALSE')
    for tag in (etag, '"0000"'):
      for form in ('If-Match: '+tag, '"If-Match: '+tag.replace('"','\\"')+'"', 'If-Match: '+tag.strip('"')):
        s3_requests.reset()
        try:
            with rasterio.Env(C(creds), **remote_options(), GDAL_HTTP_HEADERS=form):
                with rasterio.open(f'/vsis3/{bucket}/a.tif') as ds:
                    r=ds.read(1, window=((512,700),(512,700))).mean()
        except Exception as e: r=repr(e)
        print(form, r, [ (q.range, q.status) for q in s3_requests()])
