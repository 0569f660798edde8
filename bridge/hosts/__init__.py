"""Patches for the programs of performers, written from the table of addresses: ``antiphon patches``."""
