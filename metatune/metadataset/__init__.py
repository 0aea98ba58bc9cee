"""Past evaluations: tables, schema, store, building."""
