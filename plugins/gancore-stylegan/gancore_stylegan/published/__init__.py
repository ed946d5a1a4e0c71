"""Readers for published networks, which never execute anything in the files."""
