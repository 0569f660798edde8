"""The sources: one file each, found, not listed; light to import, for the table reads their declarations."""
