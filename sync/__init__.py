"""The engine: pull, resolve, plan, push, and the hub that puts the rooms together."""
