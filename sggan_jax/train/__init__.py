"""The training system: one pure step, its state, devices, checkpoints, logs and the loop."""
