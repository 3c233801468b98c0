"""Distributional reinforcement learning, and what dopamine neurons say about it.

The science behind the book: ``tasks``, ``learning`` and ``distributions`` know nothing of recordings,
``recordings`` knows nothing of analyses, and ``evidence`` knows nothing of chapters.
"""

from pathlib import Path

from distributional_dopamine._compilation import use_own_cache

use_own_cache(Path(__file__).parent)  # before any module compiles a function
