"""The bytes that are kept: answers, blocks, single flight."""
