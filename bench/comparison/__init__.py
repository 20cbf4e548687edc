"""What bench/compare is made of: the jobs, the proxies that do them, the loads, and the report."""
