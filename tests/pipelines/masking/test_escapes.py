"""Personal data in what a program wrote: JSON in ASCII, entities, addresses of the web."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.masking import Placeholders, find
from pipelines.masking.folding import fold
from tests.support.canaries import SENTENCE, leaks


def test_json_in_plain_ascii_is_read_as_its_reader_reads_it() -> None:
    written = f"The ticket: {json.dumps({'note': SENTENCE})} - please act."
    masked = Placeholders().mask(written).text
    assert set(leaks(masked.encode())) == set()
    assert json.loads(masked[masked.index("{") : masked.index("}") + 1])["note"].startswith(
        "我叫王小美，手机[PHONE_1]"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"tel\u003a\u0031\u0033\u0039\u0035\u0038\u0032\u0037\u0031\u0030\u0034\u0036.", r"\u0031\u0033\u0039\u0035\u0038\u0032\u0037\u0031\u0030\u0034\u0036"),
        ("电话&#49;3958271046", "&#49;3958271046"),
        ("mailto:wang.mei%40qq.com", "wang.mei%40qq.com"),
        (r'{"a":"x\nwang@qq.com"}', "wang@qq.com"),
    ],
)  # fmt: skip
def test_an_escaped_value_is_found_whole(text: str, found: str) -> None:
    (one,) = find(text)
    assert text[one.start : one.end] == found


@given(st.text(alphabet="\\u&#x;%0123456789abcdefnA中[@. ", max_size=40))
def test_every_place_leads_back_to_the_original(text: str) -> None:
    folded = fold(text)
    places = [folded.place(at) for at in range(len(folded.text))]
    assert places == sorted(places)
    assert all(folded.place(at) < folded.until(at + 1) <= len(text) for at in range(len(folded.text)))
    for one in find(text):
        assert 0 <= one.start < one.end <= len(text)
