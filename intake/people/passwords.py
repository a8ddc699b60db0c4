"""Which passwords may guard a person's keys. Pure; nothing leaves the machine to find out."""

import unicodedata

LENGTH_MIN = 12
LENGTH_MAX = 256  # bounds the work; nobody types more
_BEYOND_LOGIN = 8  # characters a password must have besides the login
_KINDS_MIN = 5  # different characters

# The commonest passwords of published lists that are long enough to pass the length rule, Chinese ones
# included (pinyin love words, 1314520, keyboard walks), and those that an installation of this kind invites.
_COMMON_TEXT = """
!qaz2wsx3edc 111111222222 111222333444 112233445566 123123123123 123321123321 123456123456
123456781234 123456789012 1234567890123 1234567890ab 1234567890qw 1234567891011 123456789123
123456789abc 123456abcdef 123456qwerty 12345qwerty6 123qwe123qwe 123qweasdzxc 131452013145
1314520woaini 147258369123 147258369147 159357159357 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz1qaz1qaz
1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 520131413145 5201314520131 5201314woaini 520520520520
521521521521 987654321012 a12345678901 a123456789012 a1234567890a a1b2c3d4e5f6 aa1234567890
aaa111222333 aabbccddeeff abc123456789 abc123abc123 abcabc123123 abcd12345678 abcdef123456
abcdefghijkl abcdefghijklm admin1234567 admin12345678 admin123456789 admin@123456 adminadmin12
adminadmin123 adminadminadmin administrator administrator1 administrator123 aini13145201314
asdasd123123 asdf1234asdf asdfasdfasdf asdfghjkl123 asdfghjkl1234 asdfghjklqwe bangong12345
baseball1234 beijing12345 beijing20082008 caonima12345 changeit1234 changeme1234 changemenow1
cisco1234567 correcthorse correcthorsebatterystaple danwei123456 default12345 dragon123456
football1234 guest1234567 huawei123456 huawei@123456 iloveyou1234 iloveyou1314 iloveyou5201314
iloveyouforever jijianwei123 jijianwei1234 jiwei1234567 letmein12345 letmein123456 lianjie12345
liwei1234567 mashangxun123 mashangxun1234 mashangxun2025 mashangxun2026 master123456 michael12345
mima12345678 mima123456789 monkey123456 mypassword12 mypassword123 oracle123456 p@ssw0rd1234
p@ssw0rd2024 p@ssw0rd2025 p@ssw0rd2026 p@ssword1234 passw0rd1234 password123! password1234
password12345 password123456 password@123 passwordpassword princess1234 q1w2e3r4t5y6 qazwsx123456
qazwsxedc123 qazwsxedcrfv qq1234567890 qwe123qwe123 qweasdzxc123 qweasdzxcqwe qwerty123456
qwerty1234567 qwertyqwerty qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopas qwertyuiopasdfgh
qwertyuiopasdfghjkl root12345678 rootrootroot shanghai1234 sunshine1234 superman1234 test12345678
test123456789 testtest1234 testtesttest trustno1trustno1 user12345678 wangwei12345 wechat123456
weixin123456 weixin1234567 welcome12345 welcome123456 welcome2024! welcome2025! welcome2026!
whatever1234 woaini123456 woaini123456789 woaini131452 woaini1314520 woaini5201314 woaini520520
woaiwojia1314 wodemima1234 wodemima123456 xuncha123456 xunchaban123 xunchaban1234 xunchazu1234
xunchazu123456 zaq12wsxcde3 zhangwei1234 zhongguo1234 zhongguo123456 zhongguo1949 zxcvbnm12345
zxcvbnm123456 zxcvbnmasdfg
"""
_COMMON = frozenset(_COMMON_TEXT.split())

# Rows that people walk along: a password that only follows one of them is a walk, whatever its length.
_WALKS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "一二三四五六七八九十",
)


def normalised(password: str) -> str:
    """The same characters whichever keyboard typed them: full-width forms folded, accents composed."""
    return unicodedata.normalize("NFKC", password)


def objection(password: str, *, login: str) -> str | None:
    """Why this password cannot be chosen, in words for the person; None where it can."""
    text = normalised(password)
    folded = text.casefold()
    if len(text) < LENGTH_MIN:
        return f"口令至少 {LENGTH_MIN} 个字符，可以是一句自己记得住的话。"
    if len(text) > LENGTH_MAX:
        return f"口令最多 {LENGTH_MAX} 个字符。"
    if login and login in folded and len(folded.replace(login, "")) < _BEYOND_LOGIN:
        return "口令不能由登录名组成。"
    if folded in _COMMON or len(set(folded)) < _KINDS_MIN or _is_a_walk(folded):
        return "这个口令太常见，容易被猜到，请换一个。"
    return None


def _is_a_walk(folded: str) -> bool:
    return any(folded in walk * 3 or folded[::-1] in walk * 3 for walk in _WALKS)
