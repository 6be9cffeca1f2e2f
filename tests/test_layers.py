"""The flow is one-way: a layer imports those below it, and nothing below `rest` knows HTTP."""

from __future__ import annotations

import ast
import pathlib

import pytest

PACKAGE = pathlib.Path(__file__).parent.parent / 'django_large_image'
LAYERS = (
    'conf', 'colors', 'access', 'inspection', 'caching', 'raster', 'readers', 'handles', 'imaging', 'jobs', 'rest',
)  # fmt: skip
#: Modules that stand beside the settings, for every layer.
GROUND = {'conf', 'elements', 'exceptions', 'loading', 'models', 'pixels'}
#: What stands on top: Django finds it by its name, and nothing of the package imports it.
TOP = ('admin', 'templatetags')


def imports(path: pathlib.Path) -> set[str]:
    """Return the dotted names that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


@pytest.mark.parametrize('layer', LAYERS[1:-2])
def test_a_layer_imports_only_what_is_below(layer: str) -> None:
    below = GROUND | set(LAYERS[: LAYERS.index(layer) + 1])
    modules = sorted((PACKAGE / layer).rglob('*.py'))
    assert modules
    for path in modules:
        for name in imports(path):
            assert not name.startswith('rest_framework'), f'{path.name} imports {name}'
            if name.startswith('django_large_image.') and name != 'django_large_image.__version__':
                assert name.split('.')[1] in below, f'{path.name} imports {name}'


@pytest.mark.parametrize('name', sorted(GROUND))
def test_the_ground_imports_nothing_of_the_layers(name: str) -> None:
    for imported in imports(PACKAGE / f'{name}.py'):
        if imported.startswith('django_large_image.'):
            assert imported.split('.')[1] in GROUND


def test_what_stands_on_top_is_imported_by_nothing() -> None:
    for path in PACKAGE.rglob('*.py'):
        if path.relative_to(PACKAGE).parts[0].removesuffix('.py') in TOP:
            continue
        for name in imports(path):
            assert not name.startswith(tuple(f'django_large_image.{top}' for top in TOP)), (
                f'{path.name} imports {name}'
            )


@pytest.mark.parametrize(
    'name', ['elements', 'checks/setup', 'checks/pages', 'templatetags/large_image', 'admin']
)
def test_http_is_the_matter_of_rest(name: str) -> None:
    assert not [n for n in imports(PACKAGE / f'{name}.py') if n.startswith('rest_framework')]


#: Libraries that only some layers know; `readers` makes one thing of them.
FOREIGN = {
    'large_image': {'readers', 'handles', 'apps', 'utilities'},
    'rasterio': {'raster', 'readers', 'handles'},
    'cv2': {'raster'},
    'rest_framework': {'rest', 'admin'},
}


@pytest.mark.parametrize('library', sorted(FOREIGN))
def test_a_library_is_the_matter_of_some_layers(library: str) -> None:
    for path in PACKAGE.rglob('*.py'):
        layer = path.relative_to(PACKAGE).parts[0].removesuffix('.py')
        names = {name.split('.')[0] for name in imports(path)}
        # large-image's sources are packages of their own.
        known = {name for name in names if name == library or name.startswith(f'{library}_source')}
        assert not known or layer in FOREIGN[library], f'{path.relative_to(PACKAGE)} imports {library}'


@pytest.mark.parametrize(
    'layer', ['raster', 'readers', 'handles', 'imaging', 'caching', 'inspection', 'access']
)
def test_no_object_is_probed_or_stamped(layer: str) -> None:
    """What an object can do its class says. Only what a library or the platform may lack is looked for."""
    # Storages of other packages have what they have.
    modules = {'os', 'image', 'picture'} | ({'storage'} if layer == 'access' else set())
    for path in (PACKAGE / layer).rglob('*.py'):
        tree = list(ast.walk(ast.parse(path.read_text())))
        assert '__dict__' not in {node.attr for node in tree if isinstance(node, ast.Attribute)}, path
        for node in tree:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PROBES:
                probed = node.args[0]
                assert isinstance(probed, ast.Name), f'{path.name}: {ast.unparse(node)}'
                assert probed.id in modules, f'{path.name}: {ast.unparse(node)}'


PROBES = {'hasattr', 'getattr', 'setattr', 'delattr', 'vars'}


def test_any_is_rare() -> None:
    """`Any` is where the types of a library end; `Array` is of whatever type a file has."""
    names = [
        node.id
        for path in PACKAGE.rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == 'Any'
    ]
    assert len(names) <= MOST_ANY


def test_no_folder_holds_more_than_fourteen_modules() -> None:
    folders = {path.parent for path in PACKAGE.rglob('*.py')}
    assert {
        folder.name: len(list(folder.glob('*.py')))
        for folder in folders
        if len(list(folder.glob('*.py'))) > 14
    } == {}


#: How often `Any` may be written.
MOST_ANY = 69


def test_no_module_is_longer_than_300_lines() -> None:
    for path in PACKAGE.rglob('*.py'):
        assert len(path.read_text().splitlines()) <= 300, path
