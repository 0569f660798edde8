"""What every bench and the demo share: figures with goals, the machine they were taken on, tables and JSON."""
