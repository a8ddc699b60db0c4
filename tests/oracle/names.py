"""Names of the county: villages, firms and people, none of which stands inside another or in an ordinary text."""

from itertools import product
from typing import Final

_FIRST = "榆柏槐枫桐楸樟楠椿栎榛柘棠梓桦檀"
_SECOND = ("溪沿", "坳背", "岗头", "湾里", "坪下", "埠边", "垄口", "塘尾")
VILLAGES: Final = tuple(f"{first}{second}村" for second, first in product(_SECOND, _FIRST))

TOWNS: Final = ("石桥镇", "柳湾镇", "凤岭乡", "云台镇", "白沙镇", "古塘乡", "松林乡", "清河镇", "望江镇")

_FAMILY = "温季乔阮柯桂卓"
_GIVEN = ("知行", "望舒", "听澜", "怀瑾", "清和", "修远", "景明", "若谷", "云帆")
PEOPLE: Final = tuple(f"{family}{given}" for given, family in product(_GIVEN, _FAMILY))

_TRADES = ("建设有限公司", "路桥有限公司", "监理有限公司", "设计院", "市政工程有限公司")
_HOUSES = ("汇泽", "昌运", "恒锦", "瑞隆", "永畅", "同济达")
FIRMS: Final = (
    "岚溪鸿基建设有限公司", "岚溪顺达路桥有限公司", "青屿方正监理有限公司", "青屿市市政设计院",
    *(f"岚溪{house}{trade}" for house, trade in product(_HOUSES, _TRADES)),
)  # fmt: skip
