"""What DRF itself shows of an endpoint, in its answer to OPTIONS and its HTML forms: no fields of the model."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request
from rest_framework.views import APIView

from django_large_image.rest.fields import Params


def hide_model_fields(view: Any) -> None:
    """Give a view a serializer without fields.

    For DRF a POST takes the fields of the viewset's serializer: those of the model. Without a serializer it fails.
    """
    view.get_serializer = Params


class EndpointMetadata(BaseMetadata):
    """Answer OPTIONS as the viewset does, without fields that no endpoint takes."""

    def determine_metadata(self, request: Request, view: APIView) -> object:
        """Return what the metadata class of the viewset returns, without `actions`; raises `MethodNotAllowed`."""
        metadata_class = type(view).metadata_class
        if metadata_class is None:  # the project answers no OPTIONS
            raise MethodNotAllowed(str(request.method))
        assert isinstance(metadata_class, type)
        hide_model_fields(view)
        found: object = metadata_class().determine_metadata(request, view)
        if isinstance(found, dict):
            found.pop('actions', None)
        return found
