import time, pytest, rasterio
from tests.services.s3 import put, S3Server
from tests.app.models import ImageFile
def chain(e):
    while e: print('   ', type(e), repr(str(e))[:300]); e=e.__cause__ or e.__context__
def test_x(images, tmp_path, settings, db, get, monkeypatch):
    from django_large_image.sources import opening
    import contextlib
    orig=opening.is_network_error if hasattr(opening,'is_network_error') else None
    import django_large_image.imaging.tile as t
    real=t.reading
    @contextlib.contextmanager
    def reading(*a):
        with real(*a):
            try: yield
            except Exception as e: chain(e); raise
    monkeypatch.setattr(t,'reading',reading)
    import django_large_image.sources.gdal as g
    def o(path, driver):
        try: return rasterio.open(path, driver=driver)
        except Exception as e: print('open'); chain(e); raise
    for mode in 'down','slow':
        settings.LARGE_IMAGE_REMOTE_TIMEOUT=2
        (tmp_path/mode).mkdir()
        with S3Server(tmp_path/mode) as server:
            server.client().create_bucket(Bucket='images')
            backend = {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': server.storage_options('images')}
            settings.STORAGES = {**settings.STORAGES, 'default': backend}
            im=ImageFile.objects.create(name='known', file=put(server, 'images', images('rgb'), 'known.tif'))
            im2=ImageFile.objects.create(name='known', file=put(server, 'images', images('dem'), 'x/known.tif'))
            get('metadata', im2, headers={'If-None-Match':'*'})
            get('tile', im, z=2,x=1,y=1,fmt='png')
            if mode=='slow':
                import signal
                ps=[p for n,p in server._processes._processes]
                for p in ps: p.send_signal(signal.SIGSTOP)
                for i,ep,kw in ((im,'tile',dict(z=3,x=5,y=1,fmt='png')),(im2,'metadata',{})):
                    tt=time.time(); r=get(ep, i, **kw); print('slow',r.status_code,r.content, time.time()-tt)
                for p in ps: p.send_signal(signal.SIGCONT)
        if mode=='down':
            for i,ep,kw in ((im,'tile',dict(z=3,x=5,y=1,fmt='png')),(im2,'metadata',{}),(im,'pixel',{'query':dict(left=1900,top=1000,units='pixels')})):
                    tt=time.time(); r=get(ep, i, **kw); print('slow',r.status_code,r.content, time.time()-tt)
