"""Generated catalogs with everything that files, Markdown and PO have to escape."""

from __future__ import annotations

import string
from dataclasses import astuple

from hypothesis import strategies as st

from pts_errors.values.entry import (
    MESSAGE_FIELDS,
    Basis,
    Category,
    Entry,
    Message,
    Outcome,
    ResponsibleParty,
    RetryAdvice,
    Runbook,
    Severity,
)

TRICKY = st.sampled_from(
    [
        "=1+1",
        "'quoted",
        "''",
        "-1",
        "+63",
        "@SUM",
        "\ttab",
        "\n",
        "\n\n",
        " ",
        "  trailing  ",
        "\u00a0",
        "\u2028",
        "\u2029",
        '"',
        '""',
        "\\",
        '\\"',
        "\\n",
        ",",
        ";",
        "## Impact\n",
        "\\## Impact\n",
        "```\n## Impact\n```\n",
        "~~~ sh\n\\## Impact\n## Impact\n~~~\n",
        "\n```\n",
        "- a\n## h\n   ```\n",
        "> a\n```\n",
        "\n## Impact",
        "# Title",
        "code: 1\nowner: x\n",
        "#| msgid",
        "#~ msgid",
        'msgid "x"',
        "/etc/passwd",
        "%s {brand} {0}",
        "中文",
        "العربية",
        "\u202e\u2066",
        "😀",
        "NULL",
        "None",
        "1.0",
    ]
)
ORDINARY = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t\u2028"), max_size=12)
TEXT = st.lists(TRICKY | ORDINARY, max_size=4).map("".join)
LINE = TEXT.map(lambda text: text.replace("\n", " "))
CODES = st.from_regex(r"\A[1-9][0-9]{0,8}\Z")
SLUGS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=5)
CATEGORIES = st.builds(Category, slug=SLUGS, name=TEXT, position=st.integers(0, 999), owner=TEXT, escalation=TEXT)
RUNBOOKS = st.builds(
    Runbook,
    owner=LINE,
    meaning=TEXT,
    impact=TEXT,
    diagnosis=TEXT,
    mitigation=TEXT,
    verification=TEXT,
    escalation=TEXT,
)


@st.composite
def messages(draw):
    """Return messages in some languages; each translation was confirmed against today's source or another one."""
    source = Message(**{name: draw(TEXT) for name in MESSAGE_FIELDS})
    found = {"en": source}
    for language in draw(st.lists(st.sampled_from(["ar", "de", "zh-hans"]), unique=True)):
        texts = {name: draw(TEXT) for name in MESSAGE_FIELDS}
        confirmed = {name: draw(st.just(getattr(source, name)) | TEXT) for name, text in texts.items() if text}
        found[language] = Message(**texts, source_text=confirmed)
    # A message without any text is no message.
    return {language: one for language, one in found.items() if any(getattr(one, name) for name in MESSAGE_FIELDS)}


@st.composite
def catalogs(draw):
    """Return entries as `read_directory` does: ordered, and similar to one another both ways."""
    codes = sorted(draw(st.sets(CODES, min_size=1, max_size=3)), key=lambda code: (len(code), code))
    names = draw(st.lists(st.from_regex(r"\A[A-Z][A-Z0-9_]{0,8}\Z"), min_size=3, max_size=3, unique=True))
    categories = draw(st.lists(CATEGORIES, min_size=1, max_size=2, unique_by=lambda category: category.slug))
    pairs = {frozenset(pair) for pair in draw(st.lists(st.tuples(*[st.sampled_from(codes)] * 2))) if len({*pair}) == 2}
    return tuple(
        Entry(
            code=code,
            name=name,
            category=draw(st.sampled_from(categories)),
            provider_message=draw(TEXT),
            outcome=draw(st.sampled_from(Outcome)).value,
            outcome_basis=draw(st.sampled_from(Basis)).value,
            outcome_reason=draw(TEXT),
            retry_advice=draw(st.sampled_from(RetryAdvice)).value,
            retry_after=draw(st.none() | st.integers(0, 999_999_999)),
            responsible_party=draw(st.sampled_from(ResponsibleParty)).value,
            http_status=draw(st.integers(200, 599)),
            severity=draw(st.sampled_from(Severity)).value,
            reveal_to_customer=draw(st.booleans()),
            is_retired=draw(st.booleans()),
            replaced_by=draw(st.sampled_from(["", *codes])),
            similar=tuple(other for other in codes if frozenset({code, other}) in pairs),
            messages=draw(messages()),
            runbook=draw(st.none() | RUNBOOKS.filter(lambda runbook: any(astuple(runbook)))),
        )
        for code, name in zip(codes, names, strict=False)
    )
