"""What happened: records only. Whoever publishes or stores them is elsewhere."""
