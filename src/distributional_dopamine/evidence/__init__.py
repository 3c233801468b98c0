"""The neural evidence: from spikes to responses, and from responses to one answer a module.

``responses`` turns recordings into a tidy table (cell, magnitude, expected, trial, response); every other
module takes that table, or its compact form
:class:`~distributional_dopamine.evidence.responses.ResponseArrays`, and gives a documented result. Recorded
and simulated responses go through the same functions.
"""
