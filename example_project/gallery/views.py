"""The gallery's pages: all pictures in them come from the API."""

import math
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import generic

from django_large_image import access, handles
from django_large_image.exceptions import LargeImageError
from django_large_image.imaging.metadata import metadata as read_metadata
from gallery.forms import UploadForm
from gallery.models import Image, ImageQuerySet


class VisibleImages:
    """The images that the user of the page may see."""

    def get_queryset(self) -> ImageQuerySet:
        """Return them in the order they were added."""
        return Image.objects.visible_to(self.request.user)


class ImageList(VisibleImages, generic.ListView):
    """The gallery: a thumbnail of every image."""

    template_name = 'gallery/list.html'


class ImageGlobe(VisibleImages, generic.DetailView):
    """One image on the globe."""

    template_name = 'gallery/globe.html'


class Upload(LoginRequiredMixin, generic.CreateView):
    """A new image of the user's own: its form, and the answer to it."""

    form_class = UploadForm
    template_name = 'gallery/upload.html'

    def form_valid(self, form: UploadForm) -> HttpResponse:
        """Keep the image; the page's script asks for the address of its page, so that it can show the progress."""
        form.instance.owner = self.request.user
        self.object = form.save()
        address = reverse('gallery:detail', args=[self.object.pk])
        if self.request.accepts('text/html'):
            return redirect(address)
        return JsonResponse({'address': address}, status=201)

    def form_invalid(self, form: UploadForm) -> HttpResponse:
        """Say what is wrong, in the form or to the script."""
        if self.request.accepts('text/html'):
            return super().form_invalid(form)
        return JsonResponse({'errors': form.errors}, status=400)


class ImageDetail(VisibleImages, generic.DetailView):
    """One image: its viewer, what it is, and an example of every endpoint."""

    template_name = 'gallery/detail.html'

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the file says of itself, or why it cannot be read."""
        context = super().get_context_data(**kwargs)
        try:
            return context | describe(self.object)
        except LargeImageError as error:
            return context | {'problem': error.message}


def describe(image: Image) -> dict[str, Any]:
    """Return an image's properties, and what the page shows of its API.

    This is the package's own Python interface: a lease is an open image, borrowed for as long as the block lasts.
    """
    ref = access.image_ref(image.file)
    with handles.borrow(ref) as lease:
        metadata = read_metadata(lease.source, ref)
    bounds = metadata['bounds'] if metadata['geospatial'] else None
    return {
        'metadata': metadata,
        'bounds': bounds,
        'endpoints': endpoints(image, metadata, bounds),
    }


def endpoints(image: Image, metadata: dict[str, Any], bounds: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return the image's endpoints as paths below its own address, each with what it answers."""
    width, height = metadata['sizeX'], metadata['sizeY']
    # The middle ninth of the image, in pixels.
    sides = f'left={width // 3}&right={width - width // 3}&top={height // 3}&bottom={height - height // 3}&units=pixels'
    tile = tile_path(bounds)
    paths = [
        ('info/metadata', 'size, levels, bands, bounds'),
        ('info/metadata_internal', 'what the reader itself knows'),
        ('info/bands', 'type and range of every band'),
        ('info/band?band=1', 'type and range of one band'),
        ('info/frames', 'frames and channels'),
        ('tiles/metadata', 'the grid of tiles'),
        (tile, 'one tile'),
        (corners_path(tile), 'the bounds of that tile'),
        ('data/thumbnail.jpeg?max_width=512&max_height=512', 'the whole image, made small'),
        (f'data/region.png?{sides}', 'the middle of the image'),
        (f'data/region.tif?{sides}', 'the same as a GeoTIFF' if bounds else 'the same as a TIFF'),
        (f'data/pixel?left={width // 2}&top={height // 2}', 'the values of one pixel'),
        ('data/histogram?bins=64', 'how often each value occurs'),
    ]
    if image.file.name.endswith(('.tif', '.tiff')):
        paths.insert(5, ('info/tiffdump', 'the tags of the file'))
    return paths


def tile_path(bounds: dict[str, Any] | None) -> str:
    """Return the path of a tile: of the web map where the image has a place on it, else the image's own first."""
    if bounds is None:
        return 'tiles/0/0/0.png'
    z, x, y = middle_tile(*(bounds[side] for side in ('xmin', 'ymin', 'xmax', 'ymax')))
    return f'tiles/{z}/{x}/{y}.png?projection=EPSG:3857'


def corners_path(tile: str) -> str:
    """Return the path of a tile's corners."""
    return tile.replace('.png', '/corners')


def middle_tile(xmin: float, ymin: float, xmax: float, ymax: float) -> tuple[int, int, int]:
    """Return z, x and y of the web map tile that the middle of the bounds, in degrees, falls into.

    It is the deepest whose side is not shorter than the longer side of the bounds.
    """
    z = max(0, math.floor(math.log2(360 / max(xmax - xmin, ymax - ymin))))
    x = ((xmin + xmax) / 2 + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians((ymin + ymax) / 2))) / math.pi) / 2
    return z, int(x * 2**z), int(y * 2**z)
