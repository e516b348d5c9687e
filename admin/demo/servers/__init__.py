"""Real servers that the demo and the tests start: each a process of its own, never imported."""
