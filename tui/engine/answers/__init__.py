"""From answers of a head to those of a pipeline: entities, spans, masks in their text."""
