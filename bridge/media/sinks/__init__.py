"""The sinks: one file each, found, not listed; light to import, for the table of addresses reads their declarations."""
