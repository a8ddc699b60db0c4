"""What is done to people, their keys and their sessions, one room a subject."""

from intake.people.services.activation import (
    Activated,
    LinkHolder,
    activate,
    new_activation_link,
    open_link,
)
from intake.people.services.codes import WrongCode
from intake.people.services.confirmation import confirm_key, confirm_with_recovery
from intake.people.services.readers import (
    Departure,
    around_leaving,
    bump_epoch,
    bump_spellings,
    count_on,
    on_leave,
    operator,
)
from intake.people.services.second_factor import (
    Offer,
    OwnFactor,
    SetUp,
    new_offer,
    otpauth,
    own_factor,
    reopen_offer,
    set_up,
)
from intake.people.services.signin import (
    SessionToken,
    change_password,
    clear_dead_sessions,
    confirm_password,
    load_session,
    sign_in,
    sign_out,
)
from intake.people.services.staffing import add_person, leave, valid_login

__all__ = [
    "Activated",
    "Departure",
    "LinkHolder",
    "Offer",
    "OwnFactor",
    "SessionToken",
    "SetUp",
    "WrongCode",
    "activate",
    "add_person",
    "around_leaving",
    "bump_epoch",
    "bump_spellings",
    "change_password",
    "clear_dead_sessions",
    "confirm_key",
    "confirm_password",
    "confirm_with_recovery",
    "count_on",
    "leave",
    "load_session",
    "new_activation_link",
    "new_offer",
    "on_leave",
    "open_link",
    "operator",
    "otpauth",
    "own_factor",
    "reopen_offer",
    "set_up",
    "sign_in",
    "sign_out",
    "valid_login",
]
