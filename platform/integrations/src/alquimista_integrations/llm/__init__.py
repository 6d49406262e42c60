"""Language models behind one chat port."""
