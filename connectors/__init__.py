"""One folder a vendor; a vendor's words live in its folder only."""
