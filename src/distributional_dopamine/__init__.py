"""Distributional reinforcement learning, and what dopamine neurons say about it.

The science behind the book: ``tasks``, ``learning`` and ``distributions`` know nothing of recordings,
``recordings`` knows nothing of analyses, and ``evidence`` knows nothing of chapters.
"""
