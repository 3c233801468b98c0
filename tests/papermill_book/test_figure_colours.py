"""Dark counterparts of figures: every colour turns round, keeps its hue, and can be told from the others."""

from __future__ import annotations

import base64
import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from distributional_dopamine.figures import COLOURS, ink
from papermill_book.figure_colours import (
    DARK_PAGE,
    contrast,
    darken,
    darken_hex,
    darken_png,
    darken_svg,
    from_hex,
    least_distance,
    to_hex,
    to_oklab,
)

colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))


def test_a_colour_must_be_written_in_six_digits():
    with pytest.raises(ValueError, match="'#fff'; expected six hexadecimal digits"):
        from_hex("#fff")


def test_oklab_of_known_colours():
    # Ottosson 2020: white has lightness 1, red (0.628, 0.225, 0.126)
    np.testing.assert_allclose(to_oklab(from_hex("#ffffff")), [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(to_oklab(from_hex("#ff0000")), [0.628, 0.225, 0.126], atol=1e-3)


@given(colours)
def test_hue_stays_and_strength_never_grows(colour):
    before, after = to_oklab(from_hex(colour)), to_oklab(from_hex(darken_hex(colour)))
    strength, left = np.hypot(*before[1:]), np.hypot(*after[1:])
    assert left <= strength + 0.01
    if min(strength, left) > 0.03:  # a grey has no hue to keep
        turn = np.angle(complex(*after[1:]) / complex(*before[1:]))
        assert abs(turn) < 0.15


@given(st.integers(0, 254))
def test_lighter_greys_become_darker(level):
    greys = np.array([[level] * 3, [level + 1] * 3]) / 255
    lighter, darker = to_oklab(darken(greys))[:, 0]
    assert lighter >= darker


@pytest.mark.parametrize(("page", "turn"), [("#ffffff", str), (DARK_PAGE, darken_hex)])
def test_the_palette_stands_out_on_both_pages(page, turn):
    for name, colour in COLOURS.items():
        assert contrast(turn(colour), page) >= 3, name
        assert contrast(turn(ink(colour)), page) >= 4.5, name


@pytest.mark.parametrize("turn", [str, darken_hex])
def test_no_two_colours_of_the_palette_look_alike_to_any_reader(turn):
    distance, *which = least_distance({name: turn(colour) for name, colour in COLOURS.items()})
    assert distance >= 0.06, which  # three times what is just seen


def test_red_and_green_of_one_lightness_are_told_apart_only_by_some():
    found, *_, sight = least_distance({"red": "#d1495b", "green": "#6d8a3a"})
    full = np.linalg.norm(to_oklab(from_hex("#d1495b")) - to_oklab(from_hex("#6d8a3a")))
    assert sight in ("protanopia", "deuteranopia")
    assert found < full / 2


def test_pixels_turn_as_lines_do_and_what_is_clear_stays_clear():
    drawn = ["#ffffff", *COLOURS.values()]
    pixels = np.zeros((1, len(drawn) + 1, 4), dtype=np.uint8)
    pixels[0, :-1] = [[*(np.rint(255 * from_hex(colour)).astype(int)), 255] for colour in drawn]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    turned = np.asarray(Image.open(io.BytesIO(darken_png(file.getvalue()))))
    assert [to_hex(pixel[:3] / 255) for pixel in turned[0, :-1]] == [darken_hex(colour) for colour in drawn]
    assert turned[0, -1].tolist() == [0, 0, 0, 0]


def test_every_colour_of_a_drawing_turns_and_black_that_is_not_named_does_too():
    png = io.BytesIO()
    Image.new("RGBA", (2, 2), "#ffffff").save(png, format="png")
    inside = base64.b64encode(png.getvalue()).decode()
    svg = (
        f'<svg width="1pt"><path style="fill: #FFFFFF"/><path style="stroke: #cb3f54" d="M0 0"/>'
        f'<image href="data:image/png;base64,{inside}"/><use href="#a1b2c3d4e5"/></svg>'
    )
    dark = darken_svg(svg)
    assert dark.startswith(f'<svg fill="{darken_hex("#000000")}" width')
    assert f"fill: {DARK_PAGE}" in dark
    assert f"stroke: {darken_hex('#cb3f54')}" in dark
    assert 'href="#a1b2c3d4e5"' in dark  # a name that looks like a colour
    pixels = Image.open(io.BytesIO(base64.b64decode(dark.split("base64,")[1].split('"')[0])))
    assert to_hex(np.array(pixels.getpixel((0, 0))[:3]) / 255) == DARK_PAGE


@given(colours, colours)
def test_contrast_does_not_depend_on_the_order(one, other):
    assert 1 <= contrast(one, other) == contrast(other, one) <= 21


def test_known_contrasts():
    # WebAIM's checker: #767676 is the palest grey that letters on white may have
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert all(a != b for a, b in itertools.combinations(COLOURS.values(), 2))
