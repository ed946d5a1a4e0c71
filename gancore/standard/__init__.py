"""The core's own parts. They enter by the same door as everyone's (`gancore.builtin`)."""
