"""The versions of the database, one file each; ``python -m state.migrations.draft`` writes the next."""
