"""Interactive elements and where they may stand (docs.slack.dev, block elements)."""

import re
from collections.abc import Mapping

from drills.slack.blockkit.objects import (
    any_text,
    confirm,
    image,
    option,
    option_group,
    option_lists,
    plain_text,
)
from drills.slack.blockkit.rules import (
    Field,
    Rule,
    boolean,
    both,
    choice,
    integer,
    items,
    matching,
    may,
    must,
    record,
    string,
    typed,
)

_ANY = items(0, 100, string(1, 255))
_DATE = matching(re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch, "a date such as 2026-11-21")
_TIME = matching(re.compile(r"\d{2}:\d{2}").fullmatch, "a time such as 14:30")
_DECIMAL = matching(re.compile(r"-?\d+(\.\d+)?").fullmatch, "a number written as a string")


def _element(**fields: Field) -> Rule:
    common = {
        "type": must(string(1, 60)),
        "action_id": may(string(1, 255)),
        "confirm": may(confirm()),
        "focus_on_load": may(boolean),
    }
    return record(common | fields)


def _button() -> Rule:
    return _element(
        text=must(plain_text(75)),
        value=may(string(0, 2000)),
        url=may(string(1, 3000)),
        style=may(choice("primary", "danger")),
        accessibility_label=may(string(1, 75)),
    )


def _select(*, several: bool) -> Rule:
    fields = {
        "placeholder": may(plain_text(150)),
        "options": may(items(1, 100, option())),
        "option_groups": may(items(1, 100, option_group())),
    }
    if several:
        fields |= {"initial_options": may(items(1, 100, option()))}
        fields |= {"max_selected_items": may(integer(1, 100))}
    else:
        fields |= {"initial_option": may(option())}
    return both(_element(**fields), option_lists())


def _choices(*, several: bool) -> Rule:
    initial = "initial_options" if several else "initial_option"
    each = option(mrkdwn=True)
    return _element(
        options=must(items(1, 10, each)),
        **{initial: may(items(1, 10, each) if several else each)},
    )


def _picker(initial: str, rule: Rule) -> Rule:
    return _element(**{initial: may(rule)}, placeholder=may(plain_text(150)))


def _typed_text(*, low: int = 0, **more: Field) -> Rule:
    return _element(placeholder=may(plain_text(150)), initial_value=may(string(low, 3000)), **more)


def _number() -> Rule:
    return _element(
        is_decimal_allowed=must(boolean),
        placeholder=may(plain_text(150)),
        initial_value=may(_DECIMAL),
        min_value=may(_DECIMAL),
        max_value=may(_DECIMAL),
    )


def _text_input() -> Rule:
    return _typed_text(
        multiline=may(boolean),
        min_length=may(integer(0, 3000)),
        max_length=may(integer(1, 3000)),
    )


def interactive() -> Mapping[str, Rule]:
    """Return the elements that stand in an actions block or beside a section."""
    return {
        "button": _button(),
        "overflow": _element(options=must(items(1, 5, option(url=True)))),
        "static_select": _select(several=False),
        "multi_static_select": _select(several=True),
        "checkboxes": _choices(several=True),
        "radio_buttons": _choices(several=False),
        "datepicker": _picker("initial_date", _DATE),
        "timepicker": _picker("initial_time", _TIME),
        "users_select": _picker("initial_user", string(1, 20)),
        "multi_users_select": _picker("initial_users", _ANY),
        "channels_select": _picker("initial_channel", string(1, 20)),
        "conversations_select": _picker("initial_conversation", string(1, 20)),
    }


def in_actions() -> Rule:
    """Accept an element of an actions block."""
    several = {"multi_static_select", "multi_users_select"}
    single = {name: rule for name, rule in interactive().items() if name not in several}
    return typed({**single, "datetimepicker": _element(initial_date_time=may(integer(0, 10**10)))})


def beside_section() -> Rule:
    """Accept the accessory of a section."""
    return typed({**interactive(), "image": image(block=False)})


def in_input() -> Rule:
    """Accept the element of an input block."""
    no_buttons = {k: v for k, v in interactive().items() if k not in {"button", "overflow"}}
    return typed(
        {
            **no_buttons,
            "plain_text_input": _text_input(),
            "email_text_input": _typed_text(),
            "url_text_input": _typed_text(),
            "number_input": _number(),
            "datetimepicker": _element(initial_date_time=may(integer(0, 10**10))),
        }
    )


def in_context() -> Rule:
    """Accept an element of a context block: text or a small image, never a button."""
    text = any_text()
    return typed({"plain_text": text, "mrkdwn": text, "image": image(block=False)})
