"""If-None-Match: what is answered 304, and what never is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db

TILE = {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'}


@pytest.mark.parametrize('fmt', ['png', 'jpg'])
def test_a_post_is_answered_whole(api: Any, image_file: Any, fmt: str) -> None:
    address = reverse('image-tile', kwargs=TILE | {'fmt': fmt, 'pk': image_file('rgb').pk})

    def ask(method: str, **headers: str) -> Any:
        if method == 'GET':
            return api.get(address, headers=headers)
        return api.post(
            address, data=json.dumps({'band': 1}), content_type='application/json', headers=headers
        )

    for method, status in (('POST', 200), ('GET', 304)):
        first = ask(method)
        assert first.status_code == 200, first.content
        again = ask(method, **{'If-None-Match': first['ETag']})
        assert again.status_code == status
        assert again.content == (first.content if status == 200 else b'')


@pytest.mark.parametrize(('endpoint', 'kwargs'), [('tile', TILE), ('metadata', {})])
def test_any_tag_at_all_is_not_a_copy_of_the_answer(
    get: Any, image_file: Any, endpoint: str, kwargs: Any
) -> None:
    response = get(endpoint, image_file('rgb'), headers={'If-None-Match': '*'}, **kwargs)
    assert response.status_code == 200
    assert response.content


def test_the_order_and_the_spaces_of_a_style_change_no_tag(get: Any, image_file: Any) -> None:
    image = image_file('rgb')
    styles = [
        '{"bands": [{"band": 1, "min": 10, "max": 200}], "dtype": "uint8"}',
        '{"dtype":"uint8","bands":[{"max":200,"min":10,"band":1}]}',
        '{"dtype":"uint8","bands":[{"max":201,"min":10,"band":1}]}',
    ]
    same, again, another = (get('tile', image, query={'style': style}, **TILE) for style in styles)
    assert same.status_code == again.status_code == another.status_code == 200
    assert same['ETag'] == again['ETag'] != another['ETag']
    assert same.content == again.content != another.content
    copy = get('tile', image, query={'style': styles[1]}, headers={'If-None-Match': same['ETag']}, **TILE)
    assert copy.status_code == 304
