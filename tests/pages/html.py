"""HTML as a test asks for it: elements with their attributes, in the order of the page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

#: What may be a script of a page under `script-src 'self'`, by its `type`.
DATA = 'application/json'


class Element:
    """An element: its name, its attributes, and the text directly in it."""

    def __init__(self, tag: str, attributes: dict[str, str | None], inside: tuple[str, ...]) -> None:
        self.tag, self.attributes, self.inside = tag, attributes, inside
        self.text = ''

    @property
    def given(self) -> dict[str, str | None]:
        """Return the attributes but for the address of the site's palettes, which every viewer has to have."""
        rest = dict(self.attributes)
        if self.tag == 'large-image-viewer':
            assert rest.pop('colormaps') == '/api/large-image/colormaps'
        return rest

    def __getitem__(self, name: str) -> str | None:
        return self.attributes[name]

    def __contains__(self, name: str) -> bool:
        return name in self.attributes


class Page(HTMLParser):
    """The elements of a page."""

    VOID = frozenset({'meta', 'link', 'img', 'input', 'br', 'hr', 'col', 'source'})

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.source = source.content.decode() if hasattr(source, 'content') else str(source)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f'{tag} has an attribute twice'
        element = Element(tag, dict(attrs), tuple(outer.tag for outer in self._open))
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(outer.tag for outer in self._open)))

    def handle_endtag(self, tag: str) -> None:
        while any(element.tag == tag for element in self._open):
            if self._open.pop().tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of a name that have these attributes; `class_` is one of the classes."""
        wanted = attributes.pop('class_', '')
        return [
            e
            for e in self.elements
            if e.tag == tag
            and all(e.attributes.get(name) == value for name, value in attributes.items())
            and (not wanted or wanted in (e.attributes.get('class') or '').split())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only element of a name that has these attributes."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, (tag, attributes, len(found))
        return found[0]

    def scripts(self) -> list[str]:
        """Return the addresses of the scripts that are run."""
        return [str(e['src']) for e in self.all('script') if e.attributes.get('type') != DATA]

    def styles(self) -> list[str]:
        """Return the addresses of the styles."""
        return [str(e['href']) for e in self.all('link', rel='stylesheet')]

    def assert_strict(self) -> None:
        """Assert that a strict policy stops nothing: no script or style but from files of this site."""
        for element in self.elements:
            handlers = [name for name in element.attributes if name.startswith('on')]
            assert not handlers and 'style' not in element, (element.tag, element.attributes)
            assert element.tag != 'style'
            if element.tag == 'script' and element.attributes.get('type') != DATA:
                assert element.attributes.get('src') and not element.text.strip(), element.text
        for address in [*self.scripts(), *self.styles(), *(str(e['src']) for e in self.all('img'))]:
            assert not urlsplit(address).netloc, address
