"""The documentation says what is there, all of it, and nothing else."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from django_large_image import urls
from django_large_image.checks.setup import __file__ as checks_file
from django_large_image.conf import DEFAULTS, FORWARDED, PREFIX
from django_large_image.exceptions import LargeImageError
from django_large_image.models import RuntimeSetting
from django_large_image.rest import LargeImageFileDetailMixin, params
from tests.docs.conftest import DOCS, PAGES, ROOT

ENDPOINTS = PAGES['docs/endpoints.md']
SETTINGS = PAGES['docs/settings.md']
LINK = re.compile(r'!?\[[^\]]*\]\(([^)\s]+)\)')
FENCE = re.compile(r'^```(\w*)\n(.*?)^```', re.S | re.M)


def prose(text: str) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub('', text)


def rows(text: str, start: str) -> dict[str, list[str]]:
    """Return the rows of tables whose first cell is code that begins with `start`."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]
        if cells and cells[0].startswith(f'`{start}'):
            found[cells[0].strip('`')] = cells[1:]
    return found


def sections(text: str, level: str = '###') -> dict[str, str]:
    """Return the sections whose heading is code, by that code."""
    found = {}
    parts = re.split(r'^(#{2,3} .*)$', text, flags=re.M)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        match = re.fullmatch(rf'{level} `([^`]+)`', heading)
        if match:
            found[match.group(1)] = body
    return found


# -- settings


def test_every_setting_is_documented_with_its_default() -> None:
    documented = rows(SETTINGS, PREFIX)
    assert {name.removeprefix(PREFIX) for name in documented} == {*DEFAULTS, *FORWARDED}
    for name, default in DEFAULTS.items():
        shown, meaning = documented[PREFIX + name]
        assert ast.literal_eval(shown.strip('`')) == default, name
        assert meaning.endswith('.'), name


@pytest.mark.parametrize('page', PAGES)
def test_no_page_names_a_setting_that_does_not_exist(page: str) -> None:
    names = set(re.findall(rf'{PREFIX}([A-Z0-9_]*[A-Z0-9])', PAGES[page]))
    assert names <= {*DEFAULTS, *FORWARDED}


def test_the_settings_of_run_time_are_documented() -> None:
    table = SETTINGS.partition('## At run time')[2].partition('\n## ')[0]
    assert {name.strip('`').upper() for name in rows(table, '')} == set(RuntimeSetting.CHANGEABLE)


def test_every_system_check_is_documented() -> None:
    modules = pathlib.Path(checks_file).parent.glob('*.py')
    ids = {
        name
        for path in modules
        for name in re.findall(r"id='(django_large_image\.[EW]\d+)'", path.read_text())
    }
    assert set(rows(SETTINGS, 'django_large_image.')) == ids
    mentioned = {
        f'django_large_image.{name}'
        for text in PAGES.values()
        for name in re.findall(r'\b([EW]0\d\d)\b', text)
    }
    assert mentioned <= ids | {'django_large_image.W001'}


# -- endpoints


def declared() -> dict[str, dict[str, Any]]:
    """Return what each `@endpoint` says, by the name of its route: the classes of its query and its path."""
    found = {}
    for module in ('tiles', 'data', 'metadata', 'pages/views'):
        path = pathlib.Path(params.__file__).parent / f'{module}.py'
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'endpoint':
                options = {keyword.arg: keyword.value for keyword in node.keywords}
                # Pages are no part of OpenAPI's documents, but of these.
                if 'hidden' not in options or module == 'pages/views':
                    found[options['name'].value] = {  # type: ignore[union-attr]
                        key: options[key].id  # type: ignore[union-attr]
                        for key in ('query', 'path')
                        if key in options
                    }
    return found


def routes() -> dict[str, str]:
    """Return the route of each endpoint of an object, by its name, in the form `tiles/{z}/{x}/{y}.{fmt}`."""
    found = {}
    for name in dir(LargeImageFileDetailMixin):
        member = getattr(LargeImageFileDetailMixin, name)
        if hasattr(member, 'mapping') and member.url_name in declared():
            found[member.url_name] = readable(member.url_path)
    return found


def readable(pattern: str) -> str:
    """Return a route without regular expressions."""
    return re.sub(r'\(\?P<(\w+)>[^)]*\)', r'{\1}', pattern).replace('\\.', '.').strip('^$')


def project_routes() -> set[str]:
    """Return the project-wide routes, without what all of them begin with."""
    prefix = 'api/large-image/'
    found = {readable(str(entry.pattern)) for entry in urls.urlpatterns}
    assert all(route.startswith(prefix) for route in found)
    return {route.removeprefix(prefix) for route in found}


def test_every_endpoint_is_documented() -> None:
    assert set(sections(ENDPOINTS)) == set(routes().values()) | project_routes()


@pytest.mark.parametrize('name', declared())
def test_an_endpoint_has_the_tables_of_its_parameters(name: str) -> None:
    section = sections(ENDPOINTS)[routes()[name]]
    tables = re.findall(r'<!-- parameters: (\w+) -->', section)
    expected = [declared()[name][key] for key in ('path', 'query') if key in declared()[name]]
    if expected == ['Params']:
        assert not tables
        assert 'no parameters' in section
    else:
        assert tables == expected


def test_the_tables_of_parameters_are_those_of_the_package(script: ModuleType) -> None:
    assert script.with_tables(ENDPOINTS) == ENDPOINTS, 'run scripts/docs_examples.py'
    documented = set(rows(ENDPOINTS, ''))
    classes = [
        cls for cls in vars(params).values() if isinstance(cls, type) and issubclass(cls, params.Params)
    ]
    assert documented == {field for cls in classes for field in cls._declared_fields}


def test_every_endpoint_has_an_example() -> None:
    for route, section in sections(ENDPOINTS).items():
        start = re.escape(re.split(r'[{.]', route)[0])
        assert re.search(rf'\$ curl [^\n]*/{start}', section), route


def test_the_names_of_methods_and_routes_are_documented() -> None:
    page = PAGES['docs/customizing.md']
    methods = {
        name
        for name in dir(LargeImageFileDetailMixin)
        if getattr(getattr(LargeImageFileDetailMixin, name), 'url_name', None) in declared()
    }
    listed = re.search(r'Each endpoint is a method: (.*?)\. An', page, re.S)
    named = re.search(r'the basename and\none of (.*?):', page, re.S)
    assert listed and named
    assert set(re.findall(r'`([\w-]+)`', listed.group(1))) == methods
    assert set(re.findall(r'`([\w-]+)`', named.group(1))) == set(routes().values() and routes())
    for hook in re.findall(r'^\| `(\w+)\(request', page, re.M):
        assert callable(getattr(LargeImageFileDetailMixin, hook))


def test_the_endpoints_of_the_readme_exist() -> None:
    starts = {re.split(r'\{fmt\}', route)[0] for route in routes().values()}
    for cell in re.findall(r'^\| (`.*?) \|', PAGES['README.md'], re.M):
        for route in re.findall(r'`((?:info|tiles|data)/[^`?]*)', cell):
            assert re.sub(r'\w+$', '', route) in starts or route in routes().values(), route


# -- errors and extras


def errors(cls: type[LargeImageError] = LargeImageError) -> Iterator[type[LargeImageError]]:
    """Yield the classes of errors."""
    yield cls
    for inner in cls.__subclasses__():
        yield from errors(inner)


def test_every_error_is_documented_with_its_status() -> None:
    expected = {(cls.code, str(cls.status)) for cls in errors() if cls is not LargeImageError}
    documented = {(code, cells[0]) for code, cells in rows(PAGES['docs/errors.md'], '').items()}
    assert documented == expected
    retried = {cls.code: f'`Retry-After: {cls.retry_after}`' for cls in errors() if cls.retry_after}
    for code, cells in rows(PAGES['docs/errors.md'], '').items():
        assert ('Retry-After' in cells[1]) == (code in retried), code
        assert retried.get(code, '') in cells[1]


def test_every_extra_is_documented() -> None:
    tree = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, 'id', '') == 'setup')
    extras = next(keyword.value for keyword in call.keywords if keyword.arg == 'extras_require')
    names = {key.value for key in extras.keys}  # type: ignore[attr-defined]
    page = PAGES['docs/installation.md'].partition('## Extras')[2].partition('\n## ')[0]
    documented = {
        name
        for line in page.splitlines()
        if line.startswith('| `')
        for name in re.findall(r'`(\w+)`', line.split('|')[1])
    }
    assert documented == names
    for text in PAGES.values():
        for group in re.findall(r'django-large-image\[([\w,]+)\]', text):
            assert set(group.split(',')) <= names


# -- pages


def slug(heading: str) -> str:
    """Return the anchor that MkDocs gives a heading."""
    text = re.sub(r'[`*]', '', heading).strip().lower()
    return re.sub(r'[-\s]+', '-', re.sub(r'[^\w\s-]', '', text)).strip('-')


@pytest.mark.parametrize('page', PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    for target in LINK.findall(prose(PAGES[page])):
        if target.startswith(('http://', 'https://')):
            continue
        name, _, anchor = target.partition('#')
        path = (here / name).resolve() if name else ROOT / page
        assert path.exists(), target
        if here == DOCS:
            assert path.is_relative_to(DOCS), f'{target} is not part of the built site'
        if anchor:
            headings = re.findall(r'^#+ (.*)$', FENCE.sub('', path.read_text(encoding='utf-8')), re.M)
            assert anchor in {slug(heading) for heading in headings}, target


def test_every_picture_is_shown_and_small() -> None:
    shown = {target for text in PAGES.values() for target in LINK.findall(text) if target.startswith('img/')}
    there = {f'img/{path.name}' for path in (DOCS / 'img').iterdir()}
    assert shown == there
    assert all((DOCS / name).stat().st_size < 120_000 for name in there)


@pytest.mark.parametrize('page', PAGES)
def test_blocks_of_python_compile(page: str) -> None:
    for kind, code in FENCE.findall(PAGES[page]):
        if kind in ('python', 'py'):
            compile(code, page, 'exec')


@pytest.mark.parametrize('page', [page for page in PAGES if page.startswith('docs/')])
def test_every_page_is_in_the_navigation(page: str) -> None:
    assert f': {page.removeprefix("docs/")}\n' in (ROOT / 'mkdocs.yml').read_text(encoding='utf-8')


def test_no_page_asks_another_host(tmp_path: pathlib.Path) -> None:
    for package in ('mkdocs', 'material', 'mkdocstrings', 'griffe_sphinx'):
        pytest.importorskip(package)
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--quiet', '--site-dir', str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # What the search of pages on a disk reads.
    assert (tmp_path / 'search' / 'search_index.js').exists()
    for path in tmp_path.rglob('*.html'):
        text = path.read_text(encoding='utf-8')
        loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]* href="([^"]+)"', text)
        assert not [url for url in loaded if re.match(r'(https?:)?//', url)], path.name
