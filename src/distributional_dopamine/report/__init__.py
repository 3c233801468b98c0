"""A report on one's own recordings: what is made ready for it, its figures, and how it is built.

The pages themselves are the notebooks in ``pages``: papermill runs them as it runs the chapters of the book.
"""
