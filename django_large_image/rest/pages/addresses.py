"""The address of an object in the API, found by the viewsets in the URLconf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.db.models import Model
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_urlconf, reverse

from django_large_image.exceptions import Misconfigured
from django_large_image.rest.base import LargeImageBase

#: The endpoint whose route gives the address of the object, and the end of its path.
ACTION, END = 'tiles_metadata', 'tiles/metadata'


@dataclass(frozen=True)
class Route:
    """A viewset of images in the URLconf."""

    viewset: type[LargeImageBase]
    #: The name of the route of `ACTION`, with its namespaces.
    name: str
    #: The same with the names of the applications, where namespaces have both.
    app_name: str

    @property
    def basenames(self) -> set[str]:
        """Return the names that a template may use."""
        end = f'-{getattr(self.viewset, ACTION).url_name}'
        return {name.removesuffix(end) for name in (self.name, self.app_name)}

    @property
    def model(self) -> type[Model] | None:
        """Return the model of the viewset, None if it has no queryset."""
        queryset = getattr(self.viewset, 'queryset', None)
        return None if queryset is None else queryset.model

    def address(self, instance: Model) -> str:
        """Return the address of an object; raises `NoReverseMatch` and `AttributeError`."""
        lookup = getattr(self.viewset, 'lookup_field', 'pk')
        name = getattr(self.viewset, 'lookup_url_kwarg', None) or lookup
        # drf-nested-routers has the keys of the outer objects here.
        lookups = getattr(self.viewset, 'parent_lookup_kwargs', {}) | {name: lookup}
        found = reverse(self.name, kwargs={name: _value(instance, path) for name, path in lookups.items()})
        slash = '/' if found.endswith('/') else ''
        return found.removesuffix(f'/{END}{slash}') + slash


def _value(instance: object, path: str) -> object:
    for name in path.split('__'):
        instance = getattr(instance, name)
    return instance


_routes: WeakKeyDictionary[URLResolver, list[Route]] = WeakKeyDictionary()


def routes() -> list[Route]:
    """Return the viewsets with detail routes of images, in the order of the URLconf in use."""
    resolver = get_resolver(get_urlconf())
    if resolver not in _routes:
        _routes[resolver] = list(_walk(resolver, '', ''))
    return _routes[resolver]


def _walk(resolver: URLResolver, names: str, app_names: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f'{names}{entry.namespace}:' if entry.namespace else names
            inner_app = f'{app_names}{entry.app_name or entry.namespace}:' if entry.namespace else app_names
            yield from _walk(entry, inner, inner_app)
            continue
        viewset = getattr(entry.callback, 'cls', None)
        actions = getattr(entry.callback, 'actions', None) or {}
        if (
            entry.name
            and isinstance(viewset, type)
            and issubclass(viewset, LargeImageBase)
            and viewset._large_image_detail
            and not viewset._large_image_of_admin
            and ACTION in actions.values()
        ):
            yield Route(viewset, names + entry.name, app_names + entry.name)


def object_address(instance: Model, basename: str | None = None) -> str:
    """Return the address of an object, by the first viewset of its model or by the viewset that `basename` names.

    Raises `Misconfigured` if there is none, with a message that says what to do.
    """
    label = instance._meta.label
    if instance.pk is None:
        raise Misconfigured(f'This {label} is not saved, and has no address.')
    chosen = [route for route in routes() if basename in route.basenames]
    if basename and not chosen:
        known = sorted({name for route in routes() for name in route.basenames})
        raise Misconfigured(
            f'No viewset of images has the basename {basename!r}; there are: {", ".join(known) or "none"}.'
        )
    for route in chosen or _of_model(type(instance)):
        try:
            return route.address(instance)
        except (NoReverseMatch, AttributeError):
            continue  # it is nested below another object, whose key is not known here
    raise Misconfigured(
        f'No viewset of images in the URLconf has an address for this {label}. Name one with basename=, or give the '
        'address itself.'
    )


def _of_model(model: type[Model]) -> list[Route]:
    """Return the viewsets of a model, and after them those of the models that it inherits from."""
    concrete = model._meta.concrete_model
    own = [route for route in routes() if route.model and route.model._meta.concrete_model is concrete]
    return own + [
        route for route in routes() if route.model and issubclass(model, route.model) and route not in own
    ]
