"""Makers of rows, one a model. The seed is there in every database test; these add what a test needs beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import factory
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from pts_errors.models import Category, ErrorCode, Flag, LanguageLimit, Message, Runbook

# What the roles of the documentation may do.
ROLES = {
    "reader": ("view_errorcode", "view_runbook", "view_revision"),
    "editor": (
        "view_errorcode",
        "view_runbook",
        "view_revision",
        "view_category",
        "add_errorcode",
        "change_errorcode",
        "change_message",
        "change_runbook",
        "change_category",
    ),
    "translator": ("view_errorcode", "change_message"),
    "publisher": (
        "view_errorcode",
        "view_runbook",
        "view_revision",
        "change_errorcode",
        "change_message",
        "change_runbook",
        "publish_errorcode",
    ),
}


class GroupFactory(factory.django.DjangoModelFactory):
    """A group with the permissions of a role: ``GroupFactory(role="translator", limit=["fil"])``."""

    class Meta:
        model = Group
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Group {n}")

    @factory.post_generation
    def role(self: Any, create: bool, role: str | None, **kwargs: Any) -> None:
        """Give the permissions of a role."""
        codenames = ROLES.get(role or "", ())
        self.permissions.set(Permission.objects.filter(content_type__app_label="pts_errors", codename__in=codenames))

    @factory.post_generation
    def limit(self: Any, create: bool, languages: list[str] | None, **kwargs: Any) -> None:
        """Limit the group to some languages."""
        if languages is not None:
            LanguageLimit.objects.create(group=self, languages=languages)


class UserFactory(factory.django.DjangoModelFactory):
    """A member of staff in a role or with permissions of this app: ``UserFactory(role="editor")``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    is_staff = True

    @factory.post_generation
    def role(self: Any, create: bool, role: str | None, **kwargs: Any) -> None:
        """Put the user into a group with the permissions of a role."""
        if role:
            self.groups.add(GroupFactory(role=role))

    @factory.post_generation
    def permissions(self: Any, create: bool, codenames: Iterable[str] | None, **kwargs: Any) -> None:
        """Grant permissions by their codenames."""
        for codename in codenames or ():
            self.user_permissions.add(Permission.objects.get(content_type__app_label="pts_errors", codename=codename))


class CategoryFactory(factory.django.DjangoModelFactory):
    """A category."""

    class Meta:
        model = Category

    slug = factory.Sequence(lambda n: f"category-{n}")
    name = "Category"
    owner = "Somebody on-call"
    escalation = "Page somebody."


class ErrorCodeFactory(factory.django.DjangoModelFactory):
    """A draft that nobody has published."""

    class Meta:
        model = ErrorCode

    code = factory.Sequence(lambda n: str(7000 + n))
    name = factory.LazyAttribute(lambda row: f"CODE_{row.code}")
    category = factory.SubFactory(CategoryFactory)
    severity = "warning"


class MessageFactory(factory.django.DjangoModelFactory):
    """The texts of a code in one language."""

    class Meta:
        model = Message

    error = factory.SubFactory(ErrorCodeFactory)
    language = "en"
    title = "Something failed"
    customer_message = "Something went wrong. Please contact support."
    merchant_action = "Query the order."


class RunbookFactory(factory.django.DjangoModelFactory):
    """An empty runbook."""

    class Meta:
        model = Runbook

    error = factory.SubFactory(ErrorCodeFactory)


class FlagFactory(factory.django.DjangoModelFactory):
    """A reader's report that a runbook is wrong: ``FlagFactory(code="8010")``."""

    class Meta:
        model = Flag

    class Params:
        code = "8010"

    runbook = factory.LazyAttribute(lambda flag: Runbook.objects.get(error__code=flag.code))
    text = "Step 3 is wrong."
    author_name = "ada"
    created_at = factory.LazyFunction(timezone.now)
