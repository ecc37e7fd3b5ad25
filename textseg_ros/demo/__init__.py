"""The main job: a camera, a query publisher, the node and a planner, each a process of its own."""
