"""Call detail records: one per call, made from what happened and from nothing else."""
