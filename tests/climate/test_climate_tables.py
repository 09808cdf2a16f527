"""The climate tables against figures from elsewhere, and what is said of tables with faults."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from planner.catalogue import load_catalogue
from planner.catalogue.climates import load_climates
from planner.catalogue.reading import DATA
from planner.engineering.climate import Climate, ClimateError, climate_of, pressure_pa
from planner.errors import InstanceError

TABLES = load_climates()
LAND = [id for id, table in TABLES.items() if table.months]
SEA = [id for id, table in TABLES.items() if table.sea]

# China Statistical Yearbook 2009 (table 11-13, year 2008) and 2010 (table 12-13, year 2009), monthly means.
# http://www.stats.gov.cn/tjsj/ndsj/2009/html/L1113e.htm and http://www.stats.gov.cn/tjsj/ndsj/2010/html/L1213e.htm
YEARBOOK = {
    "beijing": (
        "-3.0 0.6 9.1 15.8 20.3 23.4 27.2 26.0 21.0 14.5 6.3 -1.0",
        "-3.0 1.0 7.0 15.9 22.9 26.2 27.0 25.7 21.1 15.3 2.2 -2.3",
    ),
    "horinger": (
        "-12.1 -9.3 3.4 11.4 16.4 20.3 23.6 20.0 15.9 8.2 -0.3 -8.9",
        "-10.3 -2.8 1.3 12.0 17.2 22.0 23.8 21.7 16.3 8.6 -4.0 -10.1",
    ),
    "shanghai": (
        "4.2 4.0 11.4 15.9 21.6 24.0 30.2 28.4 25.6 20.7 13.1 7.5",
        "3.8 8.9 10.6 16.3 21.9 26.2 28.8 27.9 25.0 21.3 12.1 6.4",
    ),
    "china-other": (
        "-0.7 2.8 12.1 16.9 23.7 26.0 26.6 26.8 21.6 17.2 10.7 3.8",
        "1.0 5.9 10.1 17.0 22.0 28.8 27.9 26.0 21.0 18.5 5.4 2.9",
    ),
    "guangdong": (
        "12.8 11.6 20.1 23.2 25.6 27.0 29.1 29.3 28.6 26.1 19.9 15.6",
        "12.4 21.0 18.2 22.2 25.9 27.9 29.6 29.9 29.5 26.0 17.9 15.3",
    ),
    "hainan": (
        "16.9 13.3 20.9 25.3 26.6 27.4 28.0 27.6 27.4 25.8 22.7 19.2",
        "16.1 22.5 22.7 24.1 26.2 28.3 28.3 28.1 27.9 25.8 21.5 19.8",
    ),
    "chongqing": (
        "6.2 7.3 15.5 19.0 23.8 25.8 29.1 26.3 25.6 19.6 14.2 9.4",
        "7.7 13.0 14.8 18.8 21.9 25.4 28.9 28.4 26.9 19.6 12.9 9.9",
    ),
    "tianfu": (
        "3.7 5.4 13.4 17.2 22.1 24.4 25.7 24.1 22.2 18.1 12.2 7.1",
        "5.7 10.8 12.5 17.5 21.1 24.6 24.9 25.0 22.7 17.7 10.7 7.9",
    ),
    "guian": (
        "1.0 2.2 11.8 15.7 18.8 21.0 22.7 22.0 20.9 16.5 10.4 6.3",
        "3.8 10.4 11.3 14.5 18.6 21.5 22.7 23.6 21.5 15.8 9.3 5.5",
    ),
}


def test_every_hub_and_sea_area_of_the_catalogue_has_a_climate_under_its_own_id() -> None:
    for kind, places in (("hub", LAND), ("undersea", SEA)):
        assert {id for id, site in load_catalogue().sites.items() if site.kind == kind} <= set(places)


def test_places_the_product_promises() -> None:
    hubs = {id for id, site in load_catalogue().sites.items() if site.kind == "hub"}
    assert len(hubs) == 10
    assert hubs <= set(LAND)
    cities = {"beijing", "shanghai", "guangdong", "shenzhen", "shaoguan", "hainan", "lingshui", "sanya"}
    world = (
        "virginia texas phoenix oregon dublin frankfurt london amsterdam stockholm lulea singapore tokyo mumbai sydney "
        "sao-paulo johannesburg abu-dhabi"
    )
    assert cities | set(world.split()) <= set(LAND)
    assert len(SEA) == 12


@pytest.mark.parametrize("place", YEARBOOK)
def test_monthly_means_agree_with_the_statistical_yearbook(place: str) -> None:
    """Two single years against a 30-year mean: single months stray by some degrees, the year by about one."""
    years = np.mean([[float(x) for x in year.split()] for year in YEARBOOK[place]], axis=0)
    ours = np.array([month.dry_bulb_c for month in TABLES[place].months])
    assert abs(float(np.mean(ours - years))) < 0.8
    assert float(np.abs(ours - years).max()) < 3.2


def test_guiyang_summer_agrees_with_its_observatory() -> None:
    """2014-2023, June to August: 22.9 degrees C, 80.2 % and 873.5 hPa (english.guiyang.gov.cn, 4 June 2024)."""
    summer = TABLES["guian"].months[5:8]
    assert sum(m.dry_bulb_c for m in summer) / 3 == pytest.approx(22.9, abs=0.3)
    assert sum(m.relative_humidity_pct for m in summer) / 3 == pytest.approx(80.2, abs=2)
    assert pressure_pa(TABLES["guian"].place.altitude_m) == pytest.approx(87_350, rel=0.003)


def exceeded(climate: Climate, name: str, hours: float) -> float:
    """Temperature exceeded so many hours a year."""
    values = climate.series(name)
    order = np.argsort(-values)
    return float(values[order][np.searchsorted(np.cumsum(climate.hours[order]), hours)])


def test_bins_reach_the_published_design_temperatures() -> None:
    """0.4 % of the year is 35 hours. Sydney's hot winds are beyond a normal spread."""
    dry = {id: exceeded(climate_of(id), "dry_bulb_c", 35) - (climate_of(id).design_dry_bulb_c or 0) for id in LAND}
    wet = {id: exceeded(climate_of(id), "wet_bulb_c", 35) - (climate_of(id).design_wet_bulb_c or 0) for id in LAND}
    assert {id for id, error in dry.items() if abs(error) > 1.7} == {"sydney"}
    assert max(map(abs, dry.values())) < 3.3
    assert max(map(abs, wet.values())) < 2.7
    assert abs(np.mean(list(dry.values()))) < 0.4
    assert abs(np.mean(list(wet.values()))) < 0.4


@pytest.mark.parametrize("place", LAND)
def test_bins_keep_the_year_and_its_mean(place: str) -> None:
    climate = climate_of(place)
    months = TABLES[place].months
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    assert climate.hours.sum() == pytest.approx(8760)
    assert climate.mean_dry_bulb_c == pytest.approx(float(np.average([m.dry_bulb_c for m in months], weights=days)))
    assert (climate.series("wet_bulb_c") <= climate.series("dry_bulb_c") + 1e-6).all()


@pytest.mark.parametrize("place", SEA)
def test_the_sea_has_water_only(place: str) -> None:
    climate = climate_of(place)
    assert climate.hours.sum() == pytest.approx(8760)
    with pytest.raises(ClimateError, match=f"found no air temperatures for {place}"):
        climate.series("dry_bulb_c")


def test_standard_atmosphere() -> None:
    assert pressure_pa(1000) == pytest.approx(89_875, abs=5)  # ASHRAE Fundamentals, chapter 1, table 1: 89.875 kPa


def test_an_unknown_place_is_named_with_the_nearest() -> None:
    with pytest.raises(ClimateError, match="found no 'beijng' among places with a climate; did you mean 'beijing'"):
        climate_of("beijng")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    return copy


def edit(file: Path, change: Callable[[str], str]) -> None:
    before = file.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    file.write_text(after, encoding="utf-8")


def test_all_faults_of_the_tables_are_told_at_once(data: Path) -> None:
    def without_two_months(text: str) -> str:
        lines = text.splitlines(keepends=True)
        gone = [line for line in lines if line.startswith(("beijing,3,", "beijing,7,"))]
        assert len(gone) == 2
        return "".join(line for line in lines if line not in gone)

    edit(data / "climate.csv", without_two_months)
    edit(data / "climate.csv", lambda text: text.replace("zhangjiakou,1,-8.3,-1.9,", "zhangjiakou,1,-8.3,-9.9,"))
    edit(data / "climate.csv", lambda text: text.replace("shaoguan,2,12.5,17.1,9.4,", "shaoguan,2,12.5,17.1,13.4,"))
    edit(data / "climate.csv", lambda text: text.replace("wuhu,1,3.7,7.6,0.8,75,", "wuhu,1,3.7,7.6,0.8,0,"))
    edit(data / "climate.csv", lambda text: text + "atlantis,1,10,15,5,80,nowhere,2020-12-31,true,\n")
    edit(data / "places.csv", lambda text: text.replace(",32.7,21.6,", ",32.7,41.6,"))
    edit(data / "places.csv", lambda text: text.replace(",45.0,30.6,", ",,30.6,"))
    edit(data / "places.csv", lambda text: text.replace(",33.3,27.7,", ",23.3,17.7,"))
    edit(data / "sea.csv", lambda text: text.replace("orkney-undersea,12,", "orkney-undersea,11,"))
    with pytest.raises(InstanceError) as caught:
        load_climates(data)
    told = str(caught.value)
    for sentence in (
        "climate.csv: month: found no row of beijing for March, July; twelve months are accepted",
        "daily_max_c: found -9.9 below the mean -8.3 (zhangjiakou, January)",
        "daily_min_c: found 13.4 above the mean 12.5 (shaoguan, February)",
        "relative_humidity_pct: found '0'; input should be greater than 0",
        "found no row of wuhu for January",
        "place: found no 'atlantis' among places",
        "found no row of atlantis for February, March",
        "design_wet_bulb_c: found 41.6 above the dry bulb 32.7 of horinger",
        "design_dry_bulb_c: found no value for abu-dhabi; it is required of places on land",
        "design_dry_bulb_c: found 23.3 below the hottest month's mean 28.6 of singapore",
        "month: found orkney-undersea, 11 a second time, first in line 144",
        "found no row of orkney-undersea for December",
    ):
        assert sentence in told, f"{sentence}\n{told}"
    assert len(caught.value.faults) == 12


def test_a_place_without_months_is_refused(data: Path) -> None:
    edit(data / "places.csv", lambda text: text.replace(",5,shanghai,", ",5,suzhou,"))
    with pytest.raises(
        InstanceError, match=r"places.csv:4: climate: found no months of 'suzhou' in climate.csv or sea"
    ):
        load_climates(data)


def test_every_row_has_a_source() -> None:
    for table in TABLES.values():
        for row in (table.place, *table.months, *table.sea):
            assert row.source
            if "from memory" in f"{row.source} {row.note}":
                assert row.estimate
