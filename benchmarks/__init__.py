"""How fast the compiled core is, beside straightforward NumPy and the libraries that do the same.

``python -m benchmarks`` runs every file on one thread, ``python -m benchmarks.distributions`` one of them.
"""
