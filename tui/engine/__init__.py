"""The model side: torch and transformers, behind the protocol."""
