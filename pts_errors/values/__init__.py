"""The catalog as values: entries, their fields, languages, Markdown and differences. No Django but its gettext."""
