"""Room for the commands, where Django looks for them."""
