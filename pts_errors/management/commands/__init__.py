"""The commands, one a module: each parses its arguments, calls another room, and prints."""
