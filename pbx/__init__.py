"""Multi-tenant cloud PBX: see docs/ARCHITECTURE.md."""
