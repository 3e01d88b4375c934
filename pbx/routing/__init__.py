"""Where a call goes: pure functions over a tenant's plan. No clock, no lookup, no randomness of their own."""
