"""Files in and out: the catalog as CSV, PO and Markdown, and what an import would change in the drafts."""
