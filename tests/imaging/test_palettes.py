"""Palettes: which name is which, that the colours are those of the library, and that a name loads nothing more."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
from operator import attrgetter
from types import ModuleType
from typing import Any

import cmap
import numpy as np
import pytest

from django_large_image import colors
from django_large_image.exceptions import InvalidParameter
from django_large_image.imaging import palettes

ROOT = pathlib.Path(__file__).parents[2]


def levels(name: str) -> Any:
    """Return the colours of a name, of shape (n, 4)."""
    return colors.levels(palettes.resolve(name))


def process(*call: Any) -> Any:
    """Return what a function of palette_process.py says in a new process, and which of the slow packages it loaded."""
    done = subprocess.run(
        [sys.executable, '-m', 'tests.imaging.palette_process'],
        input=json.dumps(call),
        cwd=ROOT,
        env=os.environ | {'DJANGO_SETTINGS_MODULE': 'tests.settings'},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# -- the libraries' colours


def test_the_colours_are_the_same_in_every_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location('check_palettes', ROOT / 'scripts' / 'check_palettes.py')
    assert spec is not None and spec.loader is not None
    script: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    # The wheel is asked the same where there is no matplotlib: scripts/check_package.py.
    assert script.differences() == []
    needed = {
        'viridis',
        'terrain',
        'jet',
        'turbo',
        'gray',
        'pink',
        'orange',
        'crameri:batlow',
        'matplotlib.Viridis_20',
    }
    assert needed <= set(json.loads(script.KNOWN.read_text()))


def test_matplotlib_s_maps_are_matplotlib_s() -> None:
    matplotlib = pytest.importorskip('matplotlib')
    registered = set(matplotlib.colormaps)
    # What is newer than the matplotlib that is installed may be there, nothing may be missing.
    assert registered <= set(palettes.names()['matplotlib'])
    assert len(registered) >= 170
    for name in registered:
        found, known = levels(name), matplotlib.colormaps[name]
        expected = known(np.arange(known.N)) * 255
        assert found.shape == expected.shape, name
        assert np.abs(found - expected).max() <= 0.51, name
        if known.N <= 20:
            colours = [matplotlib.colors.to_hex(colour, keep_alpha=True) for colour in known.colors]
            assert palettes.resolve(name) == colours, name


def test_matplotlib_s_samples_are_those_of_its_maps() -> None:
    matplotlib = pytest.importorskip('matplotlib')
    place = np.linspace(0, 1, 100)
    for name in matplotlib.colormaps:
        found = levels(name)
        rows = np.minimum((place * len(found)).astype(int), len(found) - 1)
        # It cuts off fractions of a level.
        expected = matplotlib.colormaps[name](place, bytes=True).astype(int)
        assert np.abs(found[rows] - expected).max() <= 1, name


def test_palettable_s_palettes_are_palettable_s() -> None:
    import palettable
    from large_image.tilesource.utilities import getAvailableNamedPalettes

    listed = palettes.names()['palettable']
    known = [name for name in getAvailableNamedPalettes(includeColors=False) if name.count('.')]
    # matplotlib's plugins have names with a dot, too.
    assert listed == [name for name in known if hasattr(palettable, name.partition('.')[0])]
    for name in listed:
        expected = [f'{colour.lower()}ff' for colour in attrgetter(name)(palettable).hex_colors]
        assert palettes.resolve(name) == expected, name


def test_cmap_s_maps_are_cmap_s() -> None:
    listed = palettes.names()['cmap']
    assert {'crameri:batlow', 'crameri:batlow_r', 'cmocean:deep', 'colorcet:CET_L1', 'tol:bright'} <= set(
        listed
    )
    for name in listed:
        found, known = levels(name), cmap.Colormap(name)
        assert 2 <= len(found) <= 4096, name
        if name.removesuffix('_r') == 'matplotlib:gist_stern':
            continue  # matplotlib's own instead; cmap 0.8.0 smooths it
        if known.interpolation == 'nearest':
            expected = np.resize(known.lut(), found.shape)
        else:
            assert len(found) >= 256
            expected = known.lut(len(found))
        assert np.abs(found - expected * 255).max() <= 0.51, name


# -- which name is which


@pytest.mark.parametrize(
    ('name', 'count', 'first', 'last'),
    [
        # matplotlib's names are before those of colours
        ('gray', 256, '#000000ff', '#ffffffff'), ('grey', 256, '#000000ff', '#ffffffff'), ('pink', 256, '#1e0000ff', '#ffffffff'),
        ('jet_r', 256, '#800000ff', '#000080ff'), ('viridis_r', 256, '#fde725ff', '#440154ff'), ('tab20', 20, '#1f77b4ff', '#9edae5ff'),
        ('Set1', 9, '#e41a1cff', '#999999ff'), ('twilight', 510, '#e2d9e2ff', '#e2d9e2ff'),
        ('matplotlib.Viridis_20', 20, '#440154ff', '#fde725ff'), ('matplotlib.Viridis_20_r', 20, '#fde725ff', '#440154ff'),
        ('wesanderson.Zissou_5', 5, '#0099e6ff', '#b6c3c5ff'),
        # one colour, from black
        ('green', 2, '#000000ff', '#008000ff'), ('orange', 2, '#000000ff', '#ffa500ff'), ('Orange', 2, '#000000ff', '#ffa500ff'),
        ('GREEN', 2, '#000000ff', '#00ff00ff'), ('G', 2, '#000000ff', '#00ff00ff'), ('Green', 2, '#000000ff', '#008000ff'),
        ('Gray', 2, '#000000ff', '#808080ff'), ('rebeccapurple', 2, '#000000ff', '#663399ff'),
        ('#f80', 2, '#000000ff', '#ff8800ff'), ('#F808', 2, '#000000ff', '#ff880088'), ('#Ff8800', 2, '#000000ff', '#ff8800ff'),
        ('#ff880044', 2, '#000000ff', '#ff880044'),
        ('crameri:batlow', 256, '#011959ff', '#faccfaff'), ('crameri:batlow_r', 256, '#faccfaff', '#011959ff'),
        # the same short name, another map
        ('rainbow', 256, '#8000ffff', '#ff0000ff'), ('colorcet:rainbow', 256, '#0030f5ff', '#fd92faff'),
        # of one colour, which a palette may not have
        ('tol:rainbow_discrete_1', 2, '#1965b0ff', '#1965b0ff'),
    ],
)  # fmt: skip
def test_a_name(name: str, count: int, first: str, last: str) -> None:
    found = palettes.resolve(name)
    assert (len(found), found[0], found[-1]) == (count, first, last)
    # A style passes a second time on its way to the source.
    assert palettes.resolve(found) == found


#: Other spellings, short names of cmap, colours that matplotlib alone knows, and what would rather be something else.
NO_NAMES = [
    'Viridis', 'VIRIDIS', 'viridis_r_r', 'viridis ', ' viridis', '_r', '', 'nope', 'batlow', 'CET_L1', 'deep', 'rainbow4', 'stern',
    'crameri:Batlow', 'CRAMERI:batlow', 'crameri:', ':batlow', 'crameri:batlow:batlow', 'crameri:batlow_r_r', 'batlow:crameri',
    'cmap.data.crameri.batlow:batlow', 'os:system', 'crameri/batlow', 'crameri:../batlow',
    'matplotlib.Viridis', 'matplotlib.viridis_20', 'matplotlib.Viridis_21', 'matplotlib.matplotlib.Viridis_20', 'matplotlib.utils',
    'matplotlib.__name__', 'palettable.matplotlib.Viridis_20', 'colorbrewer.diverging', 'colorbrewer.colorbrewer.Palette',
    'tableau.Palette', 'tableau.Palette.__init__', 'palette.Palette', 'test.test_palettable.x', '.', '..', 'os.path', '__class__',
    'r', 'g', 'b', 'k', 'w', 'C0', 'C1', '0.5', 'none', 'None', 'transparent', 'tab:blue', 'xkcd:sky blue', 'tab:Blue',
    '#', '#1', '#12', '#12345', '#1234567', '#123456789', '#ggg', '#٣٣٣', '# ff', 'rgb(255,0,0)', 'hsl(0,100%,50%)', 'ff0000',
    'blac\u212a', 'g\u017feagreen', '\ud800', '\x00', 'red\n', '/etc/passwd', 'https://example.org/viridis', 'x' * 60_000,
]  # fmt: skip


@pytest.mark.parametrize('name', NO_NAMES)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        palettes.resolve(name, 'style.palette')
    assert caught.value.details['parameter'] == 'style.palette'
    assert caught.value.details['allowed'].startswith('a name of api/large-image/colormaps, a colour')
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    'entry',
    ['nope', 'r', 'k', 'C0', 'tab:blue', 'xkcd:sky blue', 'none', '0.5', 'viridis', 'crameri:batlow', '#12345', '', 0.5, None,
     True, [1, 0], [1, 0, 0, 0, 0], [1, 0, 2], [1, 0, -0.1], [1, 0, '0'], [True, 0, 0], [float('nan'), 0, 0], {'r': 1}, [[1, 0, 0]]],
)  # fmt: skip
def test_a_wrong_entry_of_a_list(entry: Any) -> None:
    with pytest.raises(InvalidParameter) as caught:
        palettes.resolve(['#000', entry], 'style.bands[1].palette')
    assert caught.value.details['parameter'] == 'style.bands[1].palette'
    assert caught.value.details['allowed'].startswith(
        'a CSS colour such as red, #rgb, #rgba, #rrggbb or #rrggbbaa'
    )


@pytest.mark.parametrize('value', [None, 3, True, {}, [], ['#000'], ('#000', '#fff'), ['#000'] * 4097])
def test_what_is_no_palette(value: Any) -> None:
    with pytest.raises(InvalidParameter):
        palettes.resolve(value)


def test_entries_of_a_list_are_colours() -> None:
    found = palettes.resolve(['gray', 'pink', 'GREEN', '#F80', '#f808', [0, 0.5, 1], [1, 0, 0, 0.5]])
    assert found == [
        '#808080ff', '#ffc0cbff', '#00ff00ff', '#ff8800ff', '#ff880088', '#007fffff', '#ff00007f',
    ]  # fmt: skip


def test_css_s_colours() -> None:
    import PIL.ImageColor

    for name in PIL.ImageColor.colormap:
        expected = '#' + bytes(PIL.ImageColor.getcolor(name, 'RGBA')).hex()
        assert palettes.resolve([name, name.upper()[:1] + name[1:]]) == [expected] * 2


def test_the_listing() -> None:
    found = palettes.names()
    assert list(found) == ['matplotlib', 'palettable', 'simple', 'cmap']
    assert found['simple'] == ['red', 'green', 'blue', 'gray', 'cyan', 'magenta', 'yellow']
    for group in found.values():
        assert len(set(group)) == len(group)
    assert not set(found['matplotlib']) & {*found['palettable'], *found['cmap']}
    assert all(':' in name for name in found['cmap']) and all('.' in name for name in found['palettable'])


# -- styles of other code


def test_a_style_with_names_gets_colours() -> None:
    style = {
        'bands': [
            {'band': 1, 'palette': 'red'},
            {'band': 2, 'palette': ('#000', 'lime')},
            {'palette': 'colortable'},
            {'band': 3},
        ]
    }
    assert colors.with_colours(style) == {
        'bands': [
            {'band': 1, 'palette': ['#000000ff', '#ff0000ff']}, {'band': 2, 'palette': ['#000000ff', '#00ff00ff']},
            {'palette': 'colortable'}, {'band': 3},
        ]
    }  # fmt: skip
    assert colors.with_colours({'band': 1, 'palette': 'Set1'})['palette'] == palettes.resolve('Set1')
    for wrong in ('nope', ['#000', 'tab:blue']):
        with pytest.raises(InvalidParameter):
            colors.with_colours({'palette': wrong})


@pytest.mark.parametrize(
    ('band', 'middle'),
    [
        ({'palette': ['#000', '#ffa500']}, (127.5, 82.5, 0, 255)),
        ({'palette': ['#000000ff', '#ff880044']}, (127.5, 68, 0, 161.5)),
        # Beyond 255 nothing can be seen
        ({'palette': ['#000', '#fff']}, None),
        ({'palette': ['#000', '#ff0']}, None),
        # unless there is more to come.
        ({'palette': ['#000', '#fff'], 'composite': 'multiply'}, (127.5, 127.5, 127.5, 255)),
        ({'palette': ['#ffffff00', '#ffffffff'], 'composite': 'multiply'}, None),
        ({'palette': ['#000', '#fff'], 'dtype': 'uint8'}, (127.5, 127.5, 127.5, 255)),
        ({'dtype': 'uint16'}, (127.5, 127.5, 127.5, 255)),
        # Not from black, or not blended.
        ({'palette': ['#111', '#222']}, None),
        ({'palette': ['#000', '#0000']}, None),
        ({'palette': ['#000', '#ffa500', '#fff']}, None),
        ({'palette': ['#000', '#ffa500'], 'scheme': 'discrete'}, None),
        ({'dtype': 'uint16', 'band': 'alpha'}, None),
        ({}, None),
        ({'palette': 'colortable'}, None),
    ],
)
def test_a_palette_that_large_image_would_leave(
    band: dict[str, Any], middle: tuple[float, ...] | None
) -> None:
    for style in (band, {'bands': [band]}):
        found = colors.bounded(style)
        if middle is None:
            assert found == style
            continue
        palette = found.get('palette') or found['bands'][0]['palette']
        assert len(palette) == 3
        np.testing.assert_allclose(colors.levels(palette)[1], middle)
        assert colors.bounded(found) == found


# -- what else happens


@pytest.mark.parametrize(
    'name',
    ['viridis', 'jet', 'orange', 'crameri:batlow', 'matplotlib.Viridis_20', 'colorbrewer.qualitative.Set1_9'],
)
def test_eight_threads_at_once_in_a_new_process(name: str) -> None:
    found, loaded = process('at_once', name)
    assert found == [palettes.resolve(name)] * 8
    assert not loaded


def test_drawing_loads_no_matplotlib(images: Any) -> None:
    names = [
        'viridis',
        'terrain',
        'gray',
        'pink',
        'orange',
        'crameri:batlow',
        'matplotlib.Viridis_20',
        'gist_stern',
        'Set1',
        '#f80',
    ]
    paths = [str(images(name)) for name in ('uint16', 'png', 'ome')]
    found, loaded = process('drawn', names, paths)
    assert len(found) == len(names) * len(paths)
    assert not loaded


def test_a_name_that_is_none_opens_and_imports_nothing() -> None:
    found, loaded = process('refused', [name for name in NO_NAMES if '\ud800' not in name])
    assert found == []
    assert not loaded


def test_nothing_of_the_package_imports_matplotlib() -> None:
    for path in (ROOT / 'django_large_image').rglob('*.py'):
        text = path.read_text(encoding='utf-8')
        assert 'import matplotlib' not in text and 'import palettable' not in text, path
        assert 'getPaletteColors' not in text and 'getAvailableNamedPalettes' not in text, path
