"""``overview.svg``: the time line as a picture, for every mix there is."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from chadsdk import ExportCancelled
from chadsdk.errors import FormatError
from chadsdk.export.picture import draw, wanted_outlines
from chadsdk.export.picture.style import DARK, LIGHT, STYLE, Theme
from chadsdk.export.project import Clip, Project
from chadsdk.export.writers import Desk, writer_of
from tests.daw.samples import clip, desk, project

SVG = "{http://www.w3.org/2000/svg}"
WRITER = writer_of("overview")
REASON = "The server has no track t-2 (404)."


def mix() -> Project:
    """Three clips on two decks that fade into each other; the middle one is missing."""
    return project(
        clip(1, length_s=10.0, fade_out_s=2.0),
        clip(2, start_s=8.0, deck=1, fade_in_s=2.0, fade_out_s=2.0, missing=REASON),
        clip(3, start_s=16.0, fade_in_s=2.0),
    )


def drawn(mix: Project, outlines: dict[int, tuple[float, ...]] | None = None) -> ET.Element:
    """The picture as its elements."""
    return ET.fromstring(draw(mix, outlines or {}))


def clips_of(root: ET.Element) -> list[ET.Element]:
    """The groups that stand for clips."""
    return [group for group in root.iter(f"{SVG}g") if "clip" in group.get("class", "").split()]


def marked(root: ET.Element, kind: str) -> list[ET.Element]:
    """Elements of a class."""
    return [element for element in root.iter() if kind in element.get("class", "").split()]


def span(element: ET.Element) -> tuple[float, float]:
    """Left and right of a rectangle."""
    left = float(element.attrib["x"])
    return left, left + float(element.attrib["width"])


def block(group: ET.Element) -> ET.Element:
    """The rectangle of a clip."""
    return next(element for element in group if element.tag == f"{SVG}rect")


def test_every_clip_is_drawn_once_to_scale_and_on_its_deck() -> None:
    """Positions in order, lengths and starts in proportion, decks below each other."""
    groups = clips_of(drawn(mix()))
    assert [group.get("data-position") for group in groups] == ["1", "2", "3"]
    spans = [span(block(group)) for group in groups]
    px_per_s = (spans[0][1] - spans[0][0]) / 10
    assert [(left - spans[0][0]) / px_per_s for left, _ in spans] == pytest.approx([0, 8, 16], abs=0.01)
    assert [(right - left) / px_per_s for left, right in spans] == pytest.approx([10, 10, 10], abs=0.01)
    tops = [float(block(group).attrib["y"]) for group in groups]
    assert tops[0] == tops[2] < tops[1]


def test_a_missing_track_is_hatched_and_says_why() -> None:
    """Where one points at it, in the list below, in the count above and in the description for screen readers."""
    root = drawn(mix())
    groups = clips_of(root)
    assert ["missing" in group.get("class", "") for group in groups] == [False, True, False]
    assert ".missing .body{fill:url(#hatch)" in STYLE
    assert root.find(f".//{SVG}pattern[@id='hatch']") is not None
    assert REASON in (groups[1].findtext(f"{SVG}title") or "")
    assert any(REASON in (line.text or "") for line in marked(root, "list"))
    assert REASON in (root.findtext(f"{SVG}desc") or "")
    assert "1 missing" in "".join(marked(root, "facts")[0].itertext())


def test_the_picture_says_the_name_the_length_and_the_counts() -> None:
    """Name as its title, too, which a screen reader reads first."""
    root = drawn(replace(mix(), name="Friday & Co", tempo_bpm=124.5))
    assert root.findtext(f"{SVG}title") == "Friday & Co"
    assert marked(root, "name")[0].text == "Friday & Co"
    facts = "".join(marked(root, "facts")[0].itertext())
    assert facts == "3 tracks \u00b7 0:26 \u00b7 2 decks \u00b7 124.5 BPM \u00b7 1 missing"
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "name facts")
    assert {element.get("id") for element in root.iter()} >= {"name", "facts"}


def test_a_crossfade_is_where_two_clips_sound_at_once() -> None:
    """From the start of the later to the end of the earlier, over both decks."""
    root = drawn(mix())
    spans = [span(block(group)) for group in clips_of(root)]
    bands = [band for band in marked(root, "cross") if float(band.attrib["x"]) > 70]
    assert [span(band) for band in bands] == [
        pytest.approx((spans[1][0], spans[0][1]), abs=0.11),
        pytest.approx((spans[2][0], spans[1][1]), abs=0.11),
    ]


def test_a_clip_inside_another_is_no_crossfade() -> None:
    """A jingle over a track fades nothing."""
    root = drawn(project(clip(1), clip(2, start_s=4.0, length_s=2.0, deck=1)))
    assert not marked(root, "cross")


def test_a_fade_is_a_ramp_as_long_as_it_is() -> None:
    """One per fade; none where there is none."""
    root = drawn(mix())
    ramps = [len(marked(group, "ramp")) for group in clips_of(root)]
    assert ramps == [1, 2, 1]
    left, right = span(block(clips_of(root)[0]))
    found = re.fullmatch(r"M([\d.]+) [\d.]+L([\d.]+) [\d.]+", marked(clips_of(root)[0], "ramp")[0].attrib["d"])
    assert found
    assert float(found[1]) == pytest.approx(right, abs=0.11)
    assert float(found[1]) - float(found[2]) == pytest.approx((right - left) / 5, abs=0.2)


def heights(root: ET.Element) -> list[float]:
    """How high the outline of the only clip rises from its first point, per point."""
    [wave] = [wave for group in clips_of(root) for wave in marked(group, "wave")]
    upper = wave.attrib["d"].partition("v")[0]
    steps = [float(dy) for dy in re.findall(r"l[\d.]+ (-?[\d.]+)", upper)]
    return [-sum(steps[:count]) for count in range(len(steps) + 1)]


def test_an_outline_shows_what_is_heard() -> None:
    """It rises with the peaks, half as high at half the level, and a fade tapers it."""
    [low, high] = heights(drawn(project(clip()), {1: (0.25, 1.0)}))
    [same, half] = heights(drawn(project(clip(gain_db=-6.0206)), {1: (0.25, 1.0)}))
    assert (low, same) == (0, 0)
    assert half == pytest.approx(high / 2, abs=0.2)
    faded = heights(drawn(project(clip(fade_in_s=10.0)), {1: (1.0,) * 10}))
    assert faded == sorted(faded)
    assert faded[-1] > 10


def test_a_loud_gain_stays_inside_its_block() -> None:
    """What is over full scale is drawn at full scale, for any gain."""
    for gain_db in (40.0, 1e6, -1e6):
        root = drawn(project(clip(gain_db=gain_db)), {1: (0.5, 1.0)})
        assert heights(root) == [0, 0]
        [group] = clips_of(root)
        found = re.match(r"M[\d.]+ ([\d.]+)l.*v([\d.]+)", marked(group, "wave")[0].attrib["d"])
        assert found
        top, height = (float(block(group).attrib[name]) for name in ("y", "height"))
        assert top < float(found[1]) < float(found[1]) + float(found[2]) < top + height


def test_an_outline_that_was_not_read_is_flat_and_explained() -> None:
    """A dotted line, and a word in the key; neither where all were read."""
    flat, full = drawn(project(clip())), drawn(project(clip()), {1: (0.5, 0.6)})
    assert marked(clips_of(flat)[0], "flat")
    assert "outline not read" in [key.text for key in marked(flat, "key")]
    assert not marked(full, "flat")
    assert "outline not read" not in [key.text for key in marked(full, "key")]


def test_the_picture_needs_nothing_else() -> None:
    """No script, no reference but to its own hatching, no fetch of any kind."""
    text = draw(mix(), {1: (0.1, 0.5)})
    root = ET.fromstring(text)
    assert not {element.tag for element in root.iter()} & {f"{SVG}{name}" for name in ("script", "image", "use", "a")}
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or name.startswith("on")]
    assert set(re.findall(r"url\([^)]*\)", text)) == {"url(#hatch)"}
    assert "@import" not in text
    assert "@font-face" not in text
    assert re.findall(r"\w+://[^\"<]*", text) == ["http://www.w3.org/2000/svg"]


def test_equal_mixes_give_equal_bytes(tmp_path: Path) -> None:
    """Twice the same project and audio, twice the same file."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        sounding(tmp_path / name)
    written = [written_by(project(clip(1), clip(2)), tmp_path / name).read_bytes() for name in ("a", "b")]
    assert written[0] == written[1]


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@given(name=ANY_TEXT, title=ANY_TEXT, artist=st.none() | ANY_TEXT, reason=st.none() | ANY_TEXT)
@example(name="]]>", title="<script>alert(1)</script>", artist="&amp;\"'`", reason="<!-- -->")
@example(name="\x00\x1b[31m", title="\ud800\udfff\ufffe\uffff", artist="\u202eevil\u2066", reason="\r\n\t\x85\u2028")
@example(name="x" * 10_000, title="\U0001f57a\u200d\u2642\ufe0f" * 3000, artist="\u0301" * 10_000, reason="y\n" * 9000)
@example(name="", title=" ", artist="", reason="")
def test_any_text_gives_a_well_formed_picture(name: str, title: str, artist: str | None, reason: str | None) -> None:
    """Controls, surrogates, markup, marks of direction, books: an XML parser reads it, with each clip in its place."""
    whole = project(clip(1, title=title or " ", artist=artist, missing=reason), clip(2, title=title or " "), name=name)
    text = draw(whole, {})
    root = ET.fromstring(text.encode())
    assert [group.get("data-position") for group in clips_of(root)] == ["1", "2"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    assert len(text) < 40_000


def test_a_title_is_cut_to_its_block_with_an_ellipsis() -> None:
    """What has room stands whole, what has not ends in an ellipsis; the whole title is where one points."""
    long = "An Exceedingly Long Title That Never Ends (Extended Club Mix)"
    root = drawn(project(*(clip(n, title="Short" if n == 1 else long) for n in range(1, 13))))
    titles = [title.text or "" for title in marked(root, "title")]
    assert titles[0] == "1. Short"
    assert titles[1].endswith("\u2026")
    assert len(titles[1]) < 30
    assert long in (clips_of(root)[1].findtext(f"{SVG}title") or "")


@pytest.mark.parametrize("count", [1000, 10_000])
def test_many_clips_stay_bounded(count: int) -> None:
    """In width, in bytes and in time, without words and outlines where there is no room."""
    many = project(
        *(
            clip(n, title="T" * 10_000, start_s=200.0 * n, length_s=210.0, deck=n % 2, fade_in_s=10.0, missing=None)
            for n in range(1, count + 1)
        )
    )
    begun = time.monotonic()
    text = draw(many, {})
    assert time.monotonic() - begun < 20  # 10,000 take one, on two old processors
    root = ET.fromstring(text)
    assert float(root.attrib["width"]) <= 24_200
    assert len(text) < count * 1000
    assert not wanted_outlines(many)
    assert not marked(root, "title")


def test_a_thousand_decks_stay_bounded() -> None:
    """All clips at once, each on its own deck: low lanes, no words in them."""
    root = drawn(project(*(clip(n, start_s=0.0, deck=n - 1) for n in range(1, 5001))))
    assert float(root.attrib["height"]) < 41_000
    assert len(clips_of(root)) == 5000


def test_a_bounded_number_of_outlines_is_read() -> None:
    """Those of the longest clips, in playlist order; none of what is missing."""
    wanted = wanted_outlines(project(*(clip(n, missing=None if n > 1 else REASON) for n in range(1, 181))))
    positions = [one.clip.position for one in wanted]
    assert len(positions) == 128
    assert positions == sorted(positions)
    assert 1 not in positions


@pytest.mark.parametrize(
    "clips",
    [
        (),
        (clip(1, length_s=1e-9, source_s=1.0),),
        (clip(1, length_s=5e-324, source_s=1.0),),
        (clip(1, start_s=1e9),),
        (clip(1, start_s=1e20, length_s=1e20, source_s=1e20),),
        (clip(1, length_s=1e9, source_s=1e9), clip(2, start_s=3.0, length_s=0.001, deck=1)),
        (clip(1, start_s=0.0), clip(2, start_s=0.0, deck=40)),
    ],
    ids=["empty", "moment", "least", "late", "latest", "long", "decks"],
)
def test_strange_mixes_are_drawn_and_pass_their_check(tmp_path: Path, clips: tuple[Clip, ...]) -> None:
    """Nothing at all, a moment, a gap of thirty years, an empty lane."""
    path = written_by(project(*clips), tmp_path)
    WRITER.check(project(*clips), desk(tmp_path))
    assert path.stat().st_size < 200_000


def sounding(folder: Path) -> None:
    """Audio for the clips 1 and 2: loud, then silent; clip 3 has a page instead."""
    (folder / "Audio").mkdir()
    sound = np.zeros(8000 * 10, dtype="float32")
    sound[:40_000] = 0.8
    for position in (1, 2):
        soundfile.write(folder / clip(position).file, sound, 8000)
    (folder / clip(3).file).write_text("<html>", encoding="utf-8")


def written_by(mix: Project, folder: Path, at: Desk | None = None) -> Path:
    """Write and give the picture."""
    WRITER.write(mix, at or desk(folder))
    return folder / "overview.svg"


def test_the_writer_draws_the_sound_of_the_files(tmp_path: Path) -> None:
    """Loud where the file is loud; a file that nobody reads and one that is gone are flat, and no error."""
    sounding(tmp_path)
    whole = project(clip(1), clip(2, offset_s=5.0, length_s=5.0), clip(3, start_s=20.0), clip(4, start_s=30.0))
    groups = clips_of(ET.parse(written_by(whole, tmp_path)).getroot())
    assert [(len(marked(group, "wave")), len(marked(group, "flat"))) for group in groups] == [
        (1, 0),
        (1, 0),
        (0, 1),
        (0, 1),
    ]
    loud, silent = (marked(group, "wave")[0].attrib["d"] for group in groups[:2])
    ends_px = [float(re.findall(r"v([\d.]+)l", wave)[0]) for wave in (loud, silent)]  # height where the clip ends
    assert ends_px == [1, 1]
    assert len(set(re.findall(r"l[\d.]+ (-?[\d.]+)", loud))) > 1
    assert set(re.findall(r"l-?[\d.]+ (-?[\d.]+)", silent)) == {"0"}


def test_a_cancel_stops_between_outlines(tmp_path: Path) -> None:
    """No picture is written then."""
    sounding(tmp_path)
    at = desk(tmp_path)

    def cancelling(file: str) -> Path:
        at.token.cancel()
        return tmp_path / file

    with pytest.raises(ExportCancelled):
        WRITER.write(project(clip(1), clip(2)), Desk(tmp_path, at.token, cancelling))
    assert not (tmp_path / "overview.svg").exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: re.sub(r'<g class="clip d0" data-position="3">.*?</g>\n', "", text, flags=re.DOTALL),
        lambda text: text.replace('data-position="1"', 'data-position="3"', 1),
        lambda text: text.replace("clip missing", "clip d1"),
        lambda text: text.replace("clip d0", "clip missing", 1),
        lambda text: re.sub(r'(data-position="2">.*?<rect class="body" x=")', r"\g<1>9", text, flags=re.DOTALL),
        lambda text: re.sub(r'(data-position="3">.*?width=")', r"\g<1>1", text, flags=re.DOTALL),
        lambda text: text.replace('<rect class="body" x="', '<rect class="body" z="'),
        lambda text: text[:-8],
        lambda text: "",
    ],
    ids=["dropped", "twice", "not-missing", "missing", "moved", "longer", "nowhere", "cut", "empty"],
)
def test_a_picture_that_is_wrong_is_found_out(tmp_path: Path, spoil: object) -> None:
    """The check that runs after writing sees each of these."""
    assert callable(spoil)
    path = written_by(mix(), tmp_path)
    WRITER.check(mix(), desk(tmp_path))
    spoiled = spoil(path.read_text(encoding="utf-8"))
    assert spoiled != path.read_text(encoding="utf-8")
    path.write_text(spoiled, encoding="utf-8")
    with pytest.raises(FormatError):
        WRITER.check(mix(), desk(tmp_path))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def under(paper: str, veil: str, share: float) -> str:
    """A colour with another one over it."""
    mixed = (round((1 - share) * int(paper[at : at + 2], 16) + share * int(veil[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in mixed)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_and_outlines_seen(theme: Theme) -> None:
    """4.5 : 1 for words, under a crossfade too; 3 : 1 for what carries meaning without words (WCAG 2.2, AA)."""
    papers = [look.head for look in theme.decks] + [look.body for look in theme.decks] + [theme.gap]
    assert min(contrast(theme.ink, under(paper, theme.cross, 0.13)) for paper in papers) >= 4.5
    assert contrast(theme.soft, theme.page) >= 4.5
    assert min(contrast(theme.alarm, paper) for paper in (theme.page, theme.gap)) >= 4.5
    assert min(contrast(look.wave, look.body) for look in theme.decks) >= 3
    assert min(contrast(look.edge, theme.lane) for look in theme.decks) >= 3
    assert contrast(theme.alarm, theme.lane) >= 3


def test_dark_is_the_same_sheet_in_other_colours() -> None:
    """Every rule with a colour of the light theme has one in the dark theme."""
    light, _, dark = STYLE.partition("@media (prefers-color-scheme:dark){")
    rules = [set(re.findall(r"([^{}\n]+)\{[^}]*#[0-9a-f]{6}", sheet)) for sheet in (light, dark)]
    assert rules[0] == rules[1] != set()
