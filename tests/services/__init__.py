"""Real servers that tests talk to; each is started by a test run on a free loopback port, or found running.

Servers with a Python environment of their own import this package, so this file imports nothing.
"""
