"""Building the meta-dataset: a catalogue of tables, evaluation of a pool, the tables."""
