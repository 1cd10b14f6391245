"""The tables: drafts, the log of revisions, and its head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connections, models, transaction
from django.db.models import Q
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Length
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from pts_errors.exceptions import AppendOnly
from pts_errors.values import entry, languages
from pts_errors.values.fields import Path

# Longest accepted texts: messages are read on phones, runbook sections at 3 a.m. Within these bounds, even hostile
# Markdown renders in far less than a second.
_MESSAGE_LENGTH = 2_000
_SECTION_LENGTH = 10_000
_RESOLUTION_LENGTH = 4_000

# Rows in memory at a time: snapshots are long.
_CHUNK = 200

_Row = TypeVar("_Row")
_Model = TypeVar("_Model", bound=models.Model, covariant=True)

code_validator = RegexValidator(
    rf"\A{entry.CODE}\Z", _("Type the code as digits without a leading zero, such as 1007.")
)
name_validator = RegexValidator(
    r"\A[A-Z][A-Z0-9_]*\Z",
    _("Use capital letters, digits and underscores, beginning with a letter, such as INSUFFICIENT_BALANCE."),
)
language_validator = RegexValidator(
    rf"\A{languages.TAG}\Z", _("Type the language tag in lower case with hyphens, such as zh-hans or pt-br.")
)


def validate_text(value: str) -> None:
    """Refuse characters that cannot be stored everywhere.

    Raises:
        ValidationError: the text has such a character; the message names it.
    """
    if found := entry.UNSTORABLE.search(value):
        raise ValidationError(
            _("The text holds the control character U+%(code)s, which cannot be stored. Remove it."),
            params={"code": f"{ord(found[0]):04X}"},
        )


def validate_new_slug(value: str) -> None:
    """Refuse capital letters: databases disagree on whether slugs that differ only in case are the same.

    Raises:
        ValidationError: the slug has one.
    """
    if value != value.lower():
        raise ValidationError(_("Use lower-case letters only."))


def validate_value(field: models.Field[Any, Any], value: Any) -> None:
    """Refuse values from other sources that the admin's forms would refuse.

    Raises:
        ValidationError: the value is invalid; there may be several messages.
    """
    if isinstance(value, str):
        field.clean(value.strip(), None)  # to forms, white space alone is an empty value
        if isinstance(field, models.CharField) and "\n" in value:
            raise ValidationError(_("Write it on one line."))
    field.clean(value, None)


def column(path: Path) -> models.Field[Any, Any]:
    """Return the column in which the value of an entry at a path is edited.

    Raises:
        FieldDoesNotExist: there is none; the path is of another version of this package.
    """
    kind: type[models.Model] = (
        ErrorCode if len(path) == 1 else {"category": Category, "runbook": Runbook}.get(path[0], Message)
    )
    return cast("models.Field[Any, Any]", kind._meta.get_field(path[-1]))


LABELS: dict[type[StrEnum], dict[str, Any]] = {
    entry.Outcome: {
        entry.Outcome.ACCEPTED.value: _("Accepted: the final state comes later"),
        entry.Outcome.REJECTED.value: _("Rejected: the request was refused"),
        entry.Outcome.DECLINED.value: _("Declined: refused by the upstream, and final"),
        entry.Outcome.UNKNOWN.value: _("Unknown: money may have moved"),
    },
    entry.Basis: {
        entry.Basis.DOCUMENTED.value: _("Documented by the gateway"),
        entry.Basis.DERIVED.value: _("Follows from what is documented"),
        entry.Basis.ASSUMED.value: _("Assumed: our reading"),
        entry.Basis.CONFIRMED.value: _("Confirmed by this site"),
    },
    entry.RetryAdvice: {
        entry.RetryAdvice.NOT_APPLICABLE.value: _("Not applicable"),
        entry.RetryAdvice.DO_NOT_RETRY.value: _("Do not retry"),
        entry.RetryAdvice.RETRY_AFTER_CORRECTION.value: _("Retry after correcting the request"),
        entry.RetryAdvice.RETRY_AFTER_RESOLUTION.value: _("Retry once the cause is removed"),
        entry.RetryAdvice.RETRY_LATER.value: _("Retry later"),
        entry.RetryAdvice.CHECK_STATUS_FIRST.value: _("Check the status first"),
    },
    entry.ResponsibleParty: {
        entry.ResponsibleParty.NONE.value: _("Nobody"),
        entry.ResponsibleParty.CUSTOMER.value: _("Customer"),
        entry.ResponsibleParty.MERCHANT.value: _("Merchant"),
        entry.ResponsibleParty.OPERATOR.value: _("Operator"),
        entry.ResponsibleParty.UPSTREAM.value: _("Upstream"),
    },
    entry.Severity: {
        entry.Severity.INFO.value: _("Info"),
        entry.Severity.WARNING.value: _("Warning"),
        entry.Severity.ERROR.value: _("Error"),
        entry.Severity.CRITICAL.value: _("Critical"),
    },
    entry.Origin: {
        entry.Origin.SHIPPED.value: _("Shipped"),
        entry.Origin.EDITED.value: _("Edited"),
        entry.Origin.IMPORTED.value: _("Imported"),
        entry.Origin.RESTORED.value: _("Restored"),
    },
}
"""Each vocabulary in words for ops staff, by value."""


class KeyedManager(models.Manager[_Model]):
    """Finds rows by natural key, for fixtures."""

    def get_by_natural_key(self, *key: str) -> _Model:
        """Return the row with a natural key, whose fields the model names in ``KEY``."""
        return self.get(**dict(zip(cast(Any, self.model).KEY, key, strict=True)))


def _long_text(
    name: Any, help_text: Any, *, length: int = _SECTION_LENGTH, **options: Any
) -> models.TextField[str, str]:
    return models.TextField(
        name, blank=True, validators=[validate_text, MaxLengthValidator(length)], help_text=help_text, **options
    )


def _owner(help_text: Any) -> models.CharField[str, str]:
    return models.CharField(_("owner"), max_length=80, blank=True, validators=[validate_text], help_text=help_text)


def _choice(
    name: Any, default: StrEnum, help_text: Any, *, length: int = 16, **options: Any
) -> models.CharField[str, str]:
    return models.CharField(
        name, max_length=length, choices=LABELS[type(default)], default=default.value, help_text=help_text, **options
    )


def _account(name: Any, *, editable: bool = True) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=editable,
        related_name="+",
        verbose_name=name,
    )


class Category(models.Model):
    """One of the gateway's groups of codes."""

    KEY: ClassVar = ("slug",)

    slug = models.SlugField(_("slug"), unique=True, help_text=_("How programs name the category, such as upstream."))
    name = models.CharField(
        _("name"), max_length=100, validators=[validate_text], help_text=_("How people read it on pages.")
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Categories are listed from the smallest number to the largest.")
    )
    owner = _owner(_("The team or rota that owns every runbook of this category which names no owner. Not a person."))
    escalation = _long_text(
        _("escalation"), _("Whom to call and when, in Markdown, for runbooks without an escalation of their own.")
    )

    objects = KeyedManager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.name or self.slug

    def natural_key(self) -> tuple[str]:
        """Return the slug, alone."""
        return (self.slug,)


class ErrorCode(models.Model):
    """One code of the gateway as ops staff edit it; readers see it once it is published."""

    KEY: ClassVar = ("code",)

    code = models.CharField(
        _("code"),
        max_length=9,
        unique=True,
        validators=[code_validator],
        help_text=_("The number that the gateway sends. It cannot be changed later."),
    )
    name = models.CharField(
        _("name"),
        max_length=64,
        unique=True,
        validators=[name_validator],
        help_text=_("The constant that callers' programs compare with. It cannot be changed once it is published."),
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="errors", verbose_name=_("category"))
    provider_message = models.CharField(
        _("provider message"),
        max_length=255,
        blank=True,
        validators=[validate_text],
        help_text=_("The gateway's own English, to the letter and with its mistakes: integrators search for it."),
    )
    outcome = _choice(
        _("outcome"),
        entry.Outcome.UNKNOWN,
        _("What became of the request. Choose Unknown whenever money may have moved."),
    )
    # Processes of the release before set none of these columns while a deploy rolls, so the database has defaults.
    outcome_basis = _choice(
        _("basis of the outcome"),
        entry.Basis.ASSUMED,
        _(
            "How the outcome is known. While a refusal is only assumed, the advice must be to check the status first. "
            "“Confirmed” is set by confirming the outcome."
        ),
        db_default=entry.Basis.ASSUMED.value,
    )
    outcome_reason = models.CharField(
        _("reason for the outcome"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        validators=[validate_text],
        help_text=_("One sentence for integrators: why the outcome is what it is, or how it was confirmed."),
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True, editable=False)
    confirmed_by = _account(_("confirmed by"), editable=False)
    retry_advice = _choice(
        _("retry advice"),
        entry.RetryAdvice.CHECK_STATUS_FIRST,
        _("What callers' programs do next. An unknown outcome always means: check the status first."),
        length=32,
    )
    retry_after = models.PositiveIntegerField(
        _("retry after"),
        null=True,
        blank=True,
        help_text=_("Seconds to wait before the first retry. Only with the advice to retry later."),
    )
    responsible_party = _choice(_("responsible party"), entry.ResponsibleParty.OPERATOR, _("Who can remove the cause."))
    http_status = models.PositiveSmallIntegerField(
        _("HTTP status"),
        default=500,
        validators=[MinValueValidator(200), MaxValueValidator(599)],
        help_text=_("The status that a host is advised to answer with when it passes this error on."),
    )
    severity = _choice(
        _("severity"), entry.Severity.ERROR, _("How urgent the code is for ops staff. Callers never see it.")
    )
    reveal_to_customer = models.BooleanField(
        _("reveal to the customer"),
        default=False,
        help_text=_(
            "Whether an end customer may see which error this is. Leave it off for everything about fraud, security, "
            "balances or our own set-up; the customer's text must then be one of the general ones."
        ),
    )
    is_retired = models.BooleanField(
        _("retired"),
        default=False,
        help_text=_("The gateway no longer sends this code. It stays readable, because old orders carry it."),
    )
    replaced_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaces",
        verbose_name=_("replaced by"),
        help_text=_("The code that is sent instead of this retired one."),
    )
    similar = models.ManyToManyField(
        "self",
        blank=True,
        verbose_name=_("similar codes"),
        help_text=_("Codes that are easily taken for this one, because their texts or causes are alike."),
    )
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    # Paths of values that conflict with newly shipped ones, until each conflict is decided.
    unseen = models.JSONField(_("unseen"), default=list, blank=True, editable=False)
    # Fingerprint of the draft after the last import. While it matches, all unpublished changes came from files.
    imported = models.CharField(_("imported"), max_length=64, blank=True, editable=False, db_default="")

    objects = KeyedManager()

    class Meta:
        verbose_name = _("error code")
        verbose_name_plural = _("error codes")
        ordering = [Length("code"), "code"]
        permissions = [("publish_errorcode", "Can publish error codes")]
        constraints = [
            *(
                models.CheckConstraint(
                    name=f"pts_errors_{field}_known",
                    condition=Q(**{f"{field}__in": list(LABELS[vocabulary])}),
                    violation_error_message=_("Choose one of the offered values."),
                )
                for field, vocabulary in (
                    ("outcome", entry.Outcome),
                    ("outcome_basis", entry.Basis),
                    ("retry_advice", entry.RetryAdvice),
                    ("responsible_party", entry.ResponsibleParty),
                    ("severity", entry.Severity),
                )
            ),
            models.CheckConstraint(
                name="pts_errors_http_status_final",
                condition=Q(http_status__gte=200, http_status__lte=599),
                violation_error_message=_("The HTTP status must be between 200 and 599."),
            ),
            models.CheckConstraint(
                name="pts_errors_unknown_is_checked_first",
                condition=~Q(outcome="unknown") | Q(retry_advice="check_status_first", reveal_to_customer=False),
                violation_error_message=_(
                    "With an unknown outcome money may have moved: the retry advice must be to check the status first, "
                    "and the code must not be revealed to the customer."
                ),
            ),
            models.CheckConstraint(
                name="pts_errors_assumed_is_checked_first",
                condition=~Q(outcome_basis="assumed", outcome__in=["rejected", "declined"])
                | Q(retry_advice="check_status_first"),
                violation_error_message=_(
                    "This refusal is only assumed, so money may have moved: the retry advice must be to check the status "
                    "first. Confirm the outcome before you give other advice."
                ),
            ),
            models.CheckConstraint(
                name="pts_errors_accepted_is_2xx",
                condition=~Q(outcome="accepted") | Q(http_status__gte=200, http_status__lte=299),
                violation_error_message=_("An accepted request is no error: its HTTP status must be 2xx."),
            ),
            models.CheckConstraint(
                name="pts_errors_retry_after_only_later",
                condition=Q(retry_after__isnull=True) | Q(retry_advice="retry_later"),
                violation_error_message=_("Seconds to wait make sense only with the advice to retry later."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        """Return the URL of the code's public page, or an empty text if the host does not serve it."""
        try:
            return reverse("pts_errors:error", kwargs={"code": self.code})
        except NoReverseMatch:
            return ""

    @staticmethod
    def locked_fields(*, is_published: bool) -> tuple[str, ...]:
        """Return the fields of a stored code that can no longer be changed."""
        return ("code", "provider_message", "name") if is_published else ("code", "provider_message")

    def natural_key(self) -> tuple[str]:
        """Return the code, alone."""
        return (self.code,)

    natural_key.dependencies = ["pts_errors.category"]  # type: ignore[attr-defined]  # Django's way to say it


class Message(models.Model):
    """The texts of one code in one language, as ops staff and translators edit them."""

    KEY: ClassVar = ("error__code", "language")

    error = models.ForeignKey(
        ErrorCode, on_delete=models.CASCADE, related_name="messages", verbose_name=_("error code")
    )
    language = models.CharField(
        _("language"),
        max_length=35,
        validators=[language_validator],
        help_text=_("The language tag in lower case, such as zh-hans."),
    )
    title = models.CharField(
        _("title"),
        max_length=120,
        blank=True,
        validators=[validate_text],
        help_text=_("For integrators: a short noun phrase without a full stop. Blank: the next language is used."),
    )
    customer_message = _long_text(
        _("customer message"),
        _("What the customer reads: what happened to the money or order, then what to do. Two sentences."),
        length=_MESSAGE_LENGTH,
    )
    merchant_action = _long_text(
        _("merchant action"),
        _("What the merchant's developers do about it, and when they must not send the order again."),
        length=_MESSAGE_LENGTH,
    )
    # Processes of the release before do not set it while a deploy rolls, so the database has the default as well.
    resolution = _long_text(
        _("resolution"),
        _(
            "For the merchant's people, in Markdown: a numbered list of likely causes, the most likely first, each with "
            "what to check and do. Then the fixed sentence about the order id."
        ),
        length=_RESOLUTION_LENGTH,
        default="",
        db_default="",
    )
    source_text = models.JSONField(_("source text"), default=dict, blank=True, editable=False)

    objects = KeyedManager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["error", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["error", "language"],
                name="pts_errors_one_message_a_language",
                violation_error_message=_("This code already has a message in this language."),
            )
        ]

    def __str__(self) -> str:
        return self.title or languages.name_of(self.language)

    def natural_key(self) -> tuple[str, str]:
        """Return the code and the language."""
        return (self.error.code, self.language)

    natural_key.dependencies = ["pts_errors.errorcode"]  # type: ignore[attr-defined]  # Django's way to say it


class Runbook(models.Model):
    """What ops staff do about one code, in six sections of Markdown."""

    KEY: ClassVar = ("error__code",)

    error = models.OneToOneField(
        ErrorCode, on_delete=models.CASCADE, related_name="runbook", verbose_name=_("error code")
    )
    owner = _owner(_("The team or rota that owns this runbook. Blank: the owner of the category. Not a person."))
    meaning = _long_text(_("meaning"), _("What happened, where the money stands, and which codes look alike."))
    impact = _long_text(
        _("impact"), _("Who is hurt and how badly. The first sentence is shown at the top of the page.")
    )
    diagnosis = _long_text(
        _("diagnosis"),
        _(
            "A numbered list. Every step says what to expect and where to go otherwise. "
            "What the first step asks to do is shown at the top of the page."
        ),
    )
    mitigation = _long_text(
        _("mitigation"), _("What to change, and for every change how to undo it or that it cannot be.")
    )
    verification = _long_text(_("verification"), _("A positive proof that it works again. Silence is not success."))
    escalation = _long_text(
        _("escalation"),
        _(
            "Whom to call and when. The first item is shown at the top of the page. Blank: the escalation of the category."
        ),
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True, editable=False)
    reviewed_by = _account(_("reviewed by"), editable=False)
    objects = KeyedManager()

    class Meta:
        verbose_name = _("runbook")
        verbose_name_plural = _("runbooks")
        ordering = ["error"]

    def __str__(self) -> str:
        return str(self.error)

    def natural_key(self) -> tuple[str]:
        """Return the code, alone."""
        return self.error.natural_key()

    natural_key.dependencies = ["pts_errors.errorcode"]  # type: ignore[attr-defined]  # Django's way to say it


class FlagQuerySet(models.QuerySet["Flag"]):
    """Flags that readers set on runbooks."""

    def open(self) -> Self:
        """Return the flags that are still open."""
        return self.filter(closed_at=None)


class Flag(models.Model):
    """A reader's report that a runbook is wrong. It stays open until a person closes it, and is kept afterwards."""

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="flags", verbose_name=_("runbook"))
    text = models.CharField(
        _("text"), max_length=200, validators=[validate_text], help_text=_("What the reader found wrong.")
    )
    reference = models.CharField(
        _("reference"),
        max_length=300,
        blank=True,
        help_text=_("What the reader had filled in at the time, such as order_id=A-77."),
    )
    author = _account(_("author"))
    author_name = models.CharField(_("author's name"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("created at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = _account(_("closed by"))

    objects = FlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ["created_at", "pk"]
        # Flags are never edited: readers set them, and people who may change runbooks close them.
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


def validate_languages(value: object) -> None:
    """Refuse anything but a list of language tags.

    Raises:
        ValidationError: the value is something else.
    """
    for tag in value if isinstance(value, list) else [None]:
        language_validator(tag)


class LanguageLimit(models.Model):
    """The languages to which a group of translators is limited."""

    group = models.OneToOneField(
        "auth.Group", on_delete=models.CASCADE, related_name="+", db_constraint=False, verbose_name=_("group")
    )
    languages = models.JSONField(
        _("languages"),
        default=list,
        blank=True,
        validators=[validate_languages],
        help_text=_("The group's permission “Can change message” applies to these languages only."),
    )

    class Meta:
        verbose_name = _("language limit")
        verbose_name_plural = _("language limits")

    def __str__(self) -> str:
        return str(self.group)


class Head(models.Model):
    """The single row that every publish updates first. It orders publishes, and tells readers of new ones."""

    PK: ClassVar[int] = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=PK, editable=False)
    number = models.PositiveIntegerField(_("number"), default=0)
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    # Version of the shipped catalog that was merged last. It never decreases, whichever release runs migrate.
    catalog = models.PositiveIntegerField(_("catalog"), default=0)

    class Meta:
        verbose_name = _("head")
        verbose_name_plural = _("head")

    def __str__(self) -> str:
        return str(self.number)


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Append-only revisions."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse.

        Raises:
            AppendOnly: always.
        """
        raise AppendOnly("Revisions cannot be changed. Publish again instead.")

    update.alters_data = True  # type: ignore[attr-defined]  # keeps templates from calling it

    def delete(self) -> NoReturn:
        """Refuse.

        Raises:
            AppendOnly: always.
        """
        raise AppendOnly("Revisions cannot be deleted.")

    delete.alters_data = True  # type: ignore[attr-defined]  # keeps templates from calling it
    delete.queryset_only = True  # type: ignore[attr-defined]  # as Django's own

    def live_at(self, number: int) -> Self:
        """Return, for every code, the revision that was live after the publish of this number."""
        return self._newest(number__lte=number)

    def last_written(self) -> Revision | None:
        """Return the newest row, or None if there is none."""
        return self.order_by("-number", "-pk").first()

    def shipped(self) -> Self:
        """Return, for every code, the newest revision that came with the package."""
        return self._newest(origin=entry.Origin.SHIPPED.value)

    def _newest(self, **conditions: Any) -> Self:
        revisions = Revision.objects.using(self.db).filter(error=models.OuterRef("pk"), **conditions)
        newest = revisions.order_by("-number").values("pk")[:1]
        codes = ErrorCode.objects.using(self.db).annotate(newest=models.Subquery(newest))
        return self.filter(pk__in=codes.values("newest"))


def stream(rows: models.QuerySet[Any, _Row]) -> Iterator[_Row]:
    """Yield the rows, holding only a few of them in memory.

    All reads share one transaction: poolers such as PgBouncer give each transaction another connection, which ends a
    server-side cursor. SQLite has no such cursors, and a transaction there may wait for the write lock.
    """
    connection = connections[rows.db]
    is_enough = connection.in_atomic_block or connection.vendor == "sqlite"
    with nullcontext() if is_enough else transaction.atomic(using=rows.db):
        yield from rows.iterator(chunk_size=_CHUNK)


class SnapshotField(models.JSONField):
    """JSON that is always read as an object: a damaged value becomes an empty one and never raises.

    Every publish, page and verification reads many states at once, and a damaged one must not hide the others.
    """

    def deconstruct(self) -> Any:
        """Return Django's own field, so that migrations do not mention this one."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the object, or an empty one."""
        if isinstance(expression, KeyTransform):
            return super().from_db_value(value, expression, connection)
        try:
            found = super().from_db_value(value, expression, connection)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Revision(models.Model):
    """The whole state of one code as one publish made it. Append-only."""

    number = models.PositiveIntegerField(_("number"), help_text=_("The number of the publish; it may span codes."))
    error = models.ForeignKey(
        ErrorCode, on_delete=models.PROTECT, related_name="revisions", verbose_name=_("error code")
    )
    snapshot = SnapshotField(_("snapshot"))
    origin = models.CharField(_("origin"), max_length=16, choices=LABELS[entry.Origin])
    note = models.CharField(_("note"), max_length=200, blank=True)
    author = _account(_("author"))
    author_name = models.CharField(_("author's name"), max_length=150, blank=True)
    # The account's key as text. It outlives the account, and reveals if the row was changed to name another account.
    author_key = models.CharField(_("author's key"), max_length=150, blank=True, db_default="")
    process = models.CharField(_("process"), max_length=150, blank=True, db_default="")
    # Not auto_now_add: publishing makes the time increase with the number, even if the clock goes back.
    created_at = models.DateTimeField(_("created at"), db_index=True)
    digest = models.CharField(_("digest"), max_length=64)
    # Format of the digest. Releases before format 2 do not set it, so the default is in the database.
    format = models.PositiveSmallIntegerField(_("format"), db_default=1)
    # Covers what a digest of format 1 leaves out, and the previous seal or digest; empty in later formats.
    seal = models.CharField(_("seal"), max_length=64, blank=True, db_default="")

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["-number", "error"]
        constraints = [models.UniqueConstraint(fields=["error", "number"], name="pts_errors_one_revision_a_publish")]
        indexes = [models.Index(fields=["number"], name="pts_errors_revision_number")]

    def __str__(self) -> str:
        return str(self.number)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the revision.

        Raises:
            AppendOnly: the revision is already stored.
        """
        if not self._state.adding:
            raise AppendOnly("Revisions cannot be changed. Publish again instead.")
        super().save(*args, **{**kwargs, "force_insert": True})

    save.alters_data = True  # type: ignore[attr-defined]  # keeps templates from calling it

    def entry(self) -> entry.Entry | None:
        """Return the published state, or None if it is damaged and cannot be read."""
        try:
            return entry.Entry.from_json(self.snapshot, revision=self.number)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        """Refuse.

        Raises:
            AppendOnly: always.
        """
        raise AppendOnly("Revisions cannot be deleted.")

    delete.alters_data = True  # type: ignore[attr-defined]  # keeps templates from calling it

    @property
    def actor(self) -> str:
        """The person or named process that published the revision."""
        if self.process:
            return _("process %(name)s") % {"name": self.process}
        return self.author_name
