"""The table of Chinese characters that are the same word in two scripts: `python -m tools.variants write|check`.

Source: the character dictionaries of OpenCC (Apache-2.0), as opencc-python-reimplemented carries them; that
package is pinned in the lock file of the tests and is not needed to run the site. Every character of a group
(发 發 髮, 台 臺 檯 颱) becomes the group's most common simplified one, so that a name is found however it was
typed. Words are not looked at: whether 后 is an empress or an afterwards does not matter when names are compared.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import opencc

TARGET = Path(__file__).resolve().parent.parent / "intake" / "routing" / "variants.py"
_DICTIONARIES = ("TSCharacters", "HKVariants", "HKVariantsRev", "TWVariants", "TWVariantsRev")
_LINE = 100  # characters of the table a source line
_HEAD = '''"""Made by `python -m tools.variants write` from OpenCC's character dictionaries (Apache-2.0).

The character of VARIANTS at a place is folded into the character of FOLDED at the same place.
"""
'''


def _pairs() -> Iterator[tuple[str, str, int]]:
    """(character, other character, how good the match is: 0 is the first choice)."""
    folder = Path(opencc.__file__).parent / "dictionary"
    for name in _DICTIONARIES:
        for line in (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            one, _, others = line.partition("\t")
            for place, other in enumerate(others.split()):
                if len(one) == len(other) == 1:
                    yield one, other, place


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def groups() -> dict[str, str]:
    """Every character that is folded into another one → that one."""
    parent: dict[str, str] = {}

    def root(character: str) -> str:
        while (up := parent.setdefault(character, character)) != character:
            character = up
        return character

    votes: Counter[str] = Counter()
    for one, other, place in _pairs():
        parent[root(one)] = root(other)
        if place == 0:
            votes[other] += 1
    members: defaultdict[str, list[str]] = defaultdict(list)
    for character in sorted(parent):
        members[root(character)].append(character)
    table = {}
    for group in members.values():
        best = max(group, key=lambda character: (_in_gb2312(character), votes[character], -ord(character)))
        table.update({character: best for character in group if character != best})
    return table


def source() -> str:
    """The text of the module."""
    table = groups()
    characters = sorted(table)
    parts = [_HEAD]
    for name, text in (("VARIANTS", "".join(characters)), ("FOLDED", "".join(table[c] for c in characters))):
        lines = [f'    "{text[at : at + _LINE]}"' for at in range(0, len(text), _LINE)]
        parts.append(f"\n{name} = (\n" + "\n".join(lines) + "\n)\n")
    return "".join(parts)


def main(arguments: list[str]) -> int:
    if arguments == ["write"]:
        TARGET.write_text(source(), encoding="utf-8")
        return 0
    if arguments == ["check"]:
        return 0 if TARGET.read_text(encoding="utf-8") == source() else 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
