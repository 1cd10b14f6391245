"""The lint: rules about the texts of a code, for ``pts_lint`` and for every publish."""
