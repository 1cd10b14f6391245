"""The rules that texts must follow, checked by ``pts_lint`` and by every publish."""
