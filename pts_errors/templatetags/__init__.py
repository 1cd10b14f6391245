"""The template tags, where Django looks for them."""
