"""Deep agents and representations in JAX: the same code on a CPU and on a GPU, all seeds in lockstep."""
