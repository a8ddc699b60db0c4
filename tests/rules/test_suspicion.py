"""What a text alone gives away, and how much that is honest must not be taken for it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load import body_of
from intake.demo import county
from intake.reports import suspicion
from intake.reports.suspicion import TextSigns
from tests.guards.sources import ROOT

NOTHING = TextSigns()
HONEST = (
    "村里有人办理无抵押贷款骗老人，让加微信dk88xx，已经骗了三家",
    "包工头电话13912345678，让我加他微信abc12345转账，工钱一直不给",
    "会计拿假发票报账，去年一共开了六万多",
    "路灯坏了没人修。",
    "求你们管管！！！！！！",
    "The road to the school is broken since May and nobody comes.",
    "cun kou de lu huai le mei ren xiu",
    "公示见 https://www.lanxi.gov.cn/a/1 ，和墙上贴的不一样",
    "ئالدىنقى يىلى يول ياسالمىدى",
    "他把合同转给了三个人，钱没进账",
    "DN200的管子，图纸写的DN300",
    "叫我转2000元给他才给办",
)


@pytest.mark.parametrize("text", HONEST)
def test_what_somebody_tells_is_none_of_these(text: str) -> None:
    found = suspicion.read(text)
    assert replace(found, links=0) == NOTHING
    assert found.links < 3


def test_of_the_demo_counties_only_what_is_meant() -> None:
    found: dict[str, TextSigns] = {}
    for file in (county.SHIPPED / "reports.jsonl", ROOT / "tests" / "data" / "second_county" / "reports.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        found |= {row["id"]: signs for row in rows if (signs := suspicion.read(row["text"])) != NOTHING}
    assert found == {"R14": TextSigns(advert=True), "R15": TextSigns(gibberish=True), "R24": TextSigns(chain=True)}


def test_of_two_thousand_composed_reports_none() -> None:
    assert all(suspicion.read(body_of(number)) == NOTHING for number in range(2_000))


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("专业办理无抵押贷款，当天放款，加微信dk88xx", TextSigns(advert=True)),
        ("诚招兼职日结，刷单日赚300，加QQ 12345678", TextSigns(advert=True)),
        ("代开发票 专业办证 办证刻章 咨询电话13800138000", TextSigns(advert=True)),
        ("见者必转！群发所有人", TextSigns(chain=True)),
        ("这个人是坏人，转发五十个群", TextSigns(chain=True)),
        ("qwertyuiop asdfgh", TextSigns(gibberish=True)),
        ("！！！！！！！！！！", TextSigns(gibberish=True)),
        ("12345678901", TextSigns(gibberish=True)),
        ("啊啊啊啊啊啊啊啊啊啊啊", TextSigns(gibberish=True)),
        ("还我血汗钱" * 12, TextSigns(repetition=True)),
        ("看 ab.com 和 bc.net 和 https://c.cn/x", TextSigns(links=3)),
    ],
)
def test_what_is_found(text: str, signs: TextSigns) -> None:
    found = suspicion.read(text)
    assert (found.advert, found.chain, found.gibberish, found.repetition) == (
        signs.advert, signs.chain, signs.gibberish, signs.repetition,
    )  # fmt: skip
    assert found.links >= signs.links


@given(st.text(max_size=400))
def test_any_text_is_read_and_read_alike(text: str) -> None:
    assert suspicion.read(text) == suspicion.read(text)


@pytest.mark.parametrize("hostile", ["办" * 100_000, "加微信 " * 50_000, "a." * 100_000, "转" * 100_000, "\0" * 5_000])
def test_a_hostile_text_costs_little(hostile: str) -> None:
    suspicion.read(hostile)  # the suite's own patience is the measure: nothing here grows faster than the text
