"""What bench/rollout/run is made of: a stage with two versions of an app, the courses of rollouts, and the report."""
