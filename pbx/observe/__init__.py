"""What people see of a running server: logs, and later metrics and traces."""
