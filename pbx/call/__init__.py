"""Where a call's parts meet: a caller's leg, the callees' legs, the plan between them, and the record they leave."""
