"""Signing in and out, passwords, and the first accounts of an installation."""
