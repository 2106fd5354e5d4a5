"""The table, the JSON and the chart."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from benchmarks.chart import draw
from benchmarks.goal import Goal
from benchmarks.machine import describe_machine
from benchmarks.result import MB_PER_S, WALL, Sample, Series, compare
from benchmarks.table import markdown
from tests.benchmarks.samples import results, series

SVG = "{http://www.w3.org/2000/svg}"


def test_a_line_has_both_sides_the_ratio_and_the_verdict() -> None:
    """With the spread of the rounds in brackets."""
    of = series(chadsdk=(1.0, 3.0), curl_Z=(2.0, 4.0))
    table = markdown(results(compare(of, WALL, "curl Z", Goal("at most", 0.5))))
    assert (
        "| bulk of ten | wall, s | 2.00 (1.00 to 3.00) | curl Z | 3.00 (2.00 to 4.00) | 0.62 (0.50 to 0.75) | ≤ 0.5 |"
        " **not met** |" in table
    )
    assert "0 of 1 goals met" in table


def test_a_goal_that_is_met_is_counted() -> None:
    """Rows without a goal and skipped ones are neither met nor missed."""
    of = series(chadsdk=(1.0,), curl=(2.0,))
    rows = [compare(of, WALL, "curl", Goal("at most", 0.9)), compare(of, WALL, "curl", None)]
    table = markdown(results(*rows, compare(of, WALL, "aria2c", Goal("at most", 0.9))))
    assert "| met |" in table
    assert "| skipped |" in table
    assert "1 of 1 goals met" in table


def test_the_report_names_machine_versions_and_who_sat_out() -> None:
    """So that a number can be read later."""
    table = markdown(results())
    assert "Machine: cores 2, CPU Abacus." in table
    assert "Versions: chadsdk 1.2.3." in table
    assert "Skipped: wget2 is absent." in table


def test_notes_are_numbered_and_told_once() -> None:
    """Two rows with one note point to one line."""
    of = series(chadsdk=(1.0,), curl=(2.0,), aria2c=(2.0,))
    rows = [compare(of, WALL, name, None, note="ours is flushed") for name in ("curl", "aria2c")]
    table = markdown(results(*rows))
    assert table.count("ours is flushed") == 1
    assert "| curl [1] |" in table
    assert "| aria2c [1] |" in table


def test_the_json_keeps_every_sample() -> None:
    """The table can be computed again from it."""
    of = series(chadsdk=(1.0, 3.0), curl=(2.0, 4.0))
    document = json.loads(results(compare(of, WALL, "curl", Goal("at most", 0.9)), of=(of,)).to_json())
    [kept] = document["series"]
    assert [sample["wall_s"] for sample in kept["samples"]["curl"]] == [2.0, 4.0]
    assert document["rows"][0]["verdict"] == "met"
    assert document["rows"][0]["goal"] == "≤ 0.9"


def test_the_machine_is_described_without_its_name() -> None:
    """Cores, CPU, memory, kernel, Python: nothing that says whose it is."""
    assert set(describe_machine()) == {"cores", "CPU", "memory", "kernel", "Python"}
    assert all(describe_machine().values())


def test_the_chart_is_svg_whose_bars_are_as_long_as_the_values() -> None:
    """The fastest first; ours is marked; a contender that was dropped has no bar."""
    of = series(chadsdk=(2.0, 2.0), curl=(1.0, 1.0), wget2=())
    chart = ET.fromstring(draw(results(compare(of, MB_PER_S, "curl", None), of=(of,))))
    bars = chart.findall(f"{SVG}rect")
    assert [bar.get("class") for bar in bars] == ["bar", "bar ours"]
    assert float(bars[0].get("width", "")) == 2 * float(bars[1].get("width", ""))
    names = [text.text for text in chart.findall(f"{SVG}text") if text.get("class", "").startswith("name")]
    assert names == ["curl", "chadsdk"]


def test_the_chart_has_colours_for_light_and_for_dark() -> None:
    """Every kind of text and bar that has a colour has one for each."""
    chart = draw(results(of=(series(chadsdk=(1.0,)),)))
    light, _, dark = chart.partition("prefers-color-scheme: dark")
    coloured = re.compile(r"^\s+([a-z. ]+?) \{[^}]*(?:fill|stroke): #", re.MULTILINE)
    assert set(coloured.findall(light)) == set(coloured.findall(dark)) > {"text", ".bar", ".bar.ours"}


def test_names_in_the_chart_are_escaped() -> None:
    """A name is text, never markup."""
    of = Series("bulk", "bulk", 1, 1, {"<b>&": (Sample(1.0, 1.0),)})
    chart = ET.fromstring(draw(results(of=(of,))))
    assert "<b>&" in [text.text for text in chart.findall(f"{SVG}text")]
