"""What is wrong with texts: the rules of ``pts_lint`` and of every publish."""
