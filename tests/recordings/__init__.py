"""Tests of the recordings; a package, so that its conftest is not taken for another."""
