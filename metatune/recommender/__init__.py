"""The meta-model: which configurations are worth trying here."""
