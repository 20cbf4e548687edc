"""What bench/faults/run is made of: endpoints that fail on command, the proxies before them, and the report."""
