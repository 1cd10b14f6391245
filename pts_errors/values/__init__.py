"""The catalog as values, without Django: entries, fields, languages, Markdown and differences."""
