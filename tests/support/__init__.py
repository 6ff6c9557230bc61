"""What tests of whole programs share: the program, other engines' readers, canonical tables."""
