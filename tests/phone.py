"""A phone with an authenticator app, for tests: it knows the secret and shows the code of the moment."""

import base64
from dataclasses import dataclass

from intake.core.access import SignedIn
from intake.core.world import World
from intake.people import services, totp


@dataclass(frozen=True)
class Phone:
    """What a person has in hand after setting up a second factor."""

    world: World
    secret: bytes
    spare_codes: tuple[str, ...] = ()

    @classmethod
    def scanned(cls, world: World, shown: str) -> "Phone":
        """From the letters that the page shows."""
        return cls(world, base64.b32decode(shown.replace(" ", "")))

    def shows(self, *, steps_on: int = 0) -> str:
        return totp.code_of(self.secret, totp.step_of(self.world.clock.now()) + steps_on)

    def wrong(self) -> str:
        """Six digits that no step around this moment has."""
        near = {self.shows(steps_on=offset) for offset in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
                    if code not in near)  # fmt: skip


def with_phone(world: World, signed_in: SignedIn, *, current: str = "") -> Phone:
    """Set up for this session's person, whose password was repeated lately; the code of this moment is used up."""
    offer = services.new_offer(signed_in)
    phone = Phone(world, offer.secret)
    done = services.set_up(world, signed_in, offer=offer, code=phone.shows(), current=current)
    return Phone(world, offer.secret, done.spare_codes)
