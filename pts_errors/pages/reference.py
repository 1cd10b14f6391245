"""The public pages: what integrators may know of every code. Nothing that staff alone may see gets past `PublicError`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from django.utils.translation import gettext as _

from pts_errors import languages, mentions
from pts_errors.catalog import Catalog, LocalizedError, Table
from pts_errors.conf import conf
from pts_errors.entry import MESSAGE_FIELDS, Outcome
from pts_errors.pages import search, words
from pts_errors.pages.frame import SCRIPT, STYLESHEET, Frame, LanguageLink
from pts_errors.pages.search import Found

LIST_TEMPLATE = "pts_errors/error_list.html"
ERROR_TEMPLATE = "pts_errors/error.html"
UNKNOWN_TEMPLATE = "pts_errors/error_unknown.html"


class Links(Protocol):
    """Addresses of the public pages, as the views or a static copy have them."""

    is_live: bool
    """Whether a server answers these addresses."""
    asked_language: str
    """The language that every address asks for; empty where it comes from the reader's browser."""

    def listing(self, language: str | None = None) -> str:
        """Return the address of the list: in this language, or as the reader has it now."""

    def error(self, code: str, language: str | None = None) -> str:
        """Return the address of a code's page: in this language, or as the reader has it now."""

    def permanent(self, code: str) -> str:
        """Return the path of a code's page that is good for ever, or an empty text where there is none."""

    def asset(self, name: str) -> str:
        """Return the address of a static file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text with the language in which it was found."""

    text: str
    language: str
    direction: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicError:
    """What integrators may know of one code, in one language.

    Its fields are named one by one, so that a new field of the catalog is not public until somebody says so here.
    """

    code: str
    name: str
    category: str
    provider_message: str
    outcome: str
    retry_advice: str
    retry_after: int | None
    responsible_party: str
    http_status: int
    is_retired: bool
    replaced_by: str
    similar: tuple[str, ...]
    title: Text
    customer_message: Text
    merchant_action: Text
    revision: int

    @property
    def outcome_words(self) -> words.Words:
        """The outcome in words."""
        return words.of_outcome(self.outcome, self.retry_advice)

    @property
    def retry_words(self) -> words.Words:
        """The retry advice in words."""
        return words.of_retry_advice(self.retry_advice, self.retry_after)

    @property
    def party_words(self) -> words.Words:
        """The responsible party in words."""
        return words.of_party(self.responsible_party)

    @property
    def rank(self) -> int:
        """How careful one has to be: 0 where money may have moved."""
        return words.rank(self.outcome, self.retry_advice)

    @property
    def http_phrase(self) -> str:
        """The reason phrase of the HTTP status."""
        return words.of_status(self.http_status)

    @property
    def is_accepted(self) -> bool:
        """Whether this is no error at all."""
        return self.outcome == Outcome.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLink:
    """One code in a list, with the address of its page."""

    error: PublicError
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryList:
    """The codes of one category."""

    slug: str
    name: str
    language: str
    """The language of the name."""
    links: tuple[ErrorLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """The list of all codes, or of those that match a query."""

    frame: Frame
    query: str
    categories: tuple[CategoryList, ...]
    candidates: tuple[Found, ...]
    """The codes that a pasted line may mean; empty where the query is words to look for."""
    count: int
    total: int
    revision: int
    provider_language: str
    """The language of the gateway's own messages."""
    rules: Mapping[str, Any] | None
    """How a line is read, for the script of a static copy; None where a server reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """One code."""

    frame: Frame
    error: PublicError
    category: str
    category_language: str
    provider_language: str
    customer_messages: tuple[tuple[LanguageLink, Text], ...]
    """What customers read in each language that has a text of its own."""
    similar: tuple[ErrorLink, ...]
    replaced_by: ErrorLink | None
    example_exception: str
    """Python; empty for a code that is no error."""
    example_problem: str
    """The JSON of the problem+json answer; empty for a code that is no error."""
    permanent: str
    markdown: str
    """Address of the same as Markdown; empty in a static copy."""
    json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPage:
    """The answer to a code that the catalog does not have."""

    frame: Frame
    code: str
    error: PublicError
    """What is safe, and of no code."""


# The gateway writes English.
_PROVIDER_LANGUAGE = "en"

_PLAIN_FIELDS = tuple(f.name for f in fields(PublicError) if f.name not in MESSAGE_FIELDS)


def public(error: LocalizedError) -> PublicError:
    """Return what integrators may know of an error."""
    plain = {name: getattr(error, name) for name in _PLAIN_FIELDS}
    return PublicError(
        **plain,
        title=_text(error, "title"),
        customer_message=_text(error, "customer_message"),
        merchant_action=_text(error, "merchant_action"),
    )


def list_page(catalog: Catalog, *, language: str, links: Links, query: str = "") -> ListPage:
    """Return the list of all codes, of those that a pasted line may mean, or of those that hold every word of a query."""
    addresses = {code: links.error(code) for code in catalog.entries}
    candidates = search.candidates(search.read(catalog, query), catalog, language=language, addresses=addresses)
    query = " ".join(query[: mentions.MAX_TEXT].split())
    wanted = query.casefold().split()
    found = [
        link
        for link in _links(catalog.table(language), () if candidates else catalog.entries, links)
        if all(word in _searched(link.error) for word in wanted)
    ]
    categories = [
        CategoryList(
            slug=category.slug,
            name=(name := words.of_category(category.name)) or category.slug,
            language=catalog.source_language if name == category.name else language,
            links=tuple(link for link in found if link.error.category == category.slug),
        )
        for category in catalog.categories.values()
    ]
    return ListPage(
        frame=_frame(catalog, language, links, {tag: links.listing(tag) for tag in catalog.languages}, links.listing()),
        query=query,
        categories=tuple(category for category in categories if category.links),
        candidates=tuple(candidates),
        count=len(found),
        total=len(catalog.entries),
        revision=catalog.number,
        provider_language=_PROVIDER_LANGUAGE,
        rules=None if links.is_live else mentions.rules(),
    )


def error_page(catalog: Catalog, code: str, *, language: str, links: Links) -> ErrorPage:
    """Return the page of one of the catalog's codes in a language."""
    table = catalog.table(language)
    error = public(table.errors[code])
    addresses = {tag: links.error(code, tag) for tag in catalog.languages}
    frame = _frame(catalog, language, links, addresses, links.error(code))
    path = links.permanent(code)
    permanent = path and conf.BASE_URL + path
    category = catalog.categories[error.category]
    return ErrorPage(
        frame=frame,
        error=error,
        category=(name := words.of_category(category.name)) or category.slug,
        category_language=catalog.source_language if name == category.name else language,
        provider_language=_PROVIDER_LANGUAGE,
        customer_messages=tuple(
            (link, text)
            for link in frame.languages
            if (text := public(catalog.table(link.language).errors[code]).customer_message).language == link.language
        ),
        similar=_links(table, error.similar, links),
        replaced_by=next(iter(_links(table, [error.replaced_by], links)), None),
        example_exception="" if error.is_accepted else _example_exception(error),
        example_problem="" if error.is_accepted else _example_problem(error, permanent),
        permanent=permanent,
        markdown=_with_suffix(path, "md") if links.is_live else "",
        json=_with_suffix(path, "json") if links.is_live else "",
    )


def unknown_page(catalog: Catalog, code: str, *, language: str, links: Links) -> UnknownPage:
    """Return what is safe to do about a code that the catalog does not have."""
    return UnknownPage(
        frame=_frame(catalog, language, links, {tag: links.error(code, tag) for tag in catalog.languages}, ""),
        code=code,
        error=public(catalog.table(language).unknown),
    )


def unknown_as_markdown(page: UnknownPage) -> str:
    """Return the answer to a code that the catalog does not have as Markdown."""
    error = page.error
    return "\n".join(
        (
            "# " + _("%(code)s is not in the catalog") % {"code": page.code},
            "",
            _("If the gateway sent this code, take the safe way:"),
            "",
            *_advice(error),
            "",
            f"> {error.customer_message.text}",
            "",
        )
    )


def unknown_as_json(page: UnknownPage) -> str:
    """Return the answer to a code that the catalog does not have as JSON: what is safe, and the customer's text."""
    error = page.error
    return _dump(
        {
            "code": page.code,
            "outcome": error.outcome,
            "retry_advice": error.retry_advice,
            "customer_message": error.customer_message.text,
            "language": error.customer_message.language,
            "direction": error.customer_message.direction,
        }
    )


def as_markdown(page: ErrorPage) -> str:
    """Return the page of a code as Markdown, for chat bots and language models."""
    error = page.error
    lines = [
        f"# {error.code} {error.title}",
        "",
        f"> {error.provider_message}",
        "",
        *_advice(error),
        f"- {_('Responsible')}: {error.party_words.label} (`{error.responsible_party}`)",
        f"- {_('HTTP status')}: {error.http_status} {error.http_phrase}".rstrip(),
        f"- {_('Name')}: `{error.name}`",
        f"- {_('Category')}: {page.category}",
    ]
    if error.is_retired:
        lines.append(f"- {_('Retired')}: {error.replaced_by or _('yes')}")
    if page.similar:
        lines.append(f"- {_('Similar codes')}: " + ", ".join(f"{s.error.code} {s.error.title}" for s in page.similar))
    lines += ["", f"## {_('What the customer reads')}", "", str(error.customer_message)]
    if str(error.merchant_action):
        lines += ["", f"## {_('What the merchant does')}", "", str(error.merchant_action)]
    return "\n".join(lines) + "\n"


def _advice(error: PublicError) -> Iterator[str]:
    outcome, retry = error.outcome_words, error.retry_words
    yield f"- {_('Outcome')}: **{outcome.label}** (`{error.outcome}`). {outcome.sentence}"
    yield f"- {_('Retry')}: **{retry.label}** (`{error.retry_advice}`). {retry.sentence}"


def as_json(page: ErrorPage) -> str:
    """Return the page of a code as JSON: the constants that programs compare with, and the texts of one language."""
    error = page.error
    texts: dict[str, Text] = {name: getattr(error, name) for name in MESSAGE_FIELDS}
    return _dump(
        {
            **{name: getattr(error, name) for name in _PLAIN_FIELDS},
            **{name: text.text for name, text in texts.items()},
            "language": error.customer_message.language,
            "direction": error.customer_message.direction,
            "text_languages": {name: text.language for name, text in texts.items()},
            "url": page.permanent,
        }
    )


def _text(error: LocalizedError, name: str) -> Text:
    language = error.text_languages[name]
    return Text(text=getattr(error, name), language=language, direction=languages.direction(language))


def _frame(catalog: Catalog, language: str, links: Links, addresses: dict[str, str], canonical: str) -> Frame:
    return Frame(
        language=language,
        direction=languages.direction(language),
        home=links.listing(),
        asked_language=links.asked_language,
        canonical=canonical if links.is_live else "",
        base_url=conf.BASE_URL if links.is_live else "",
        languages=tuple(
            LanguageLink(
                language=tag,
                name=languages.name_of(tag),
                direction=languages.direction(tag),
                url=url,
                is_current=tag == language,
            )
            for tag, url in addresses.items()
        ),
        stylesheet=links.asset(STYLESHEET),
        script=links.asset(SCRIPT),
        is_live=links.is_live,
    )


def _links(table: Table, codes: Iterable[str], links: Links) -> tuple[ErrorLink, ...]:
    known = (code for code in codes if code in table.errors)
    return tuple(ErrorLink(error=public(table.errors[code]), url=links.error(code)) for code in known)


def _searched(error: PublicError) -> str:
    # What stands in the row of the list, so that the page filters in place as the server does.
    shown = (error.code, error.title, error.name, error.provider_message)
    return " ".join(map(str, (*shown, error.outcome_words.label, error.retry_words.label))).casefold()


def _with_suffix(address: str, suffix: str) -> str:
    return f"{address.rstrip('/')}.{suffix}"


def _example_exception(error: PublicError) -> str:
    envelope = json.dumps({"code": error.code, "message": error.provider_message}, ensure_ascii=False)
    return (
        "from pts_errors import lookup\n"
        "from pts_errors.exceptions import PTSError, raise_for_code\n"
        "\n"
        "try:\n"
        f"    raise_for_code({envelope})\n"
        "except PTSError as error:\n"
        f'    error.code  # "{error.code}"\n'
        f'    lookup.get(error.code).retry_advice  # "{error.retry_advice}"\n'
    )


def _example_problem(error: PublicError, permanent: str) -> str:
    return _dump(
        {
            "type": permanent or "about:blank",
            "title": str(error.title),
            "status": error.http_status,
            "detail": str(error.customer_message),
            "code": error.code,
            "name": error.name,
            "outcome": error.outcome,
            "retry_advice": error.retry_advice,
        }
    )


def _dump(data: dict[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
