"""The whole book as one PDF, out of the pages of the last build: gathered, and printed by Chromium."""
