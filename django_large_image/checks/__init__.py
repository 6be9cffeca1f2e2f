"""System checks: settings, installation and pages of a project."""
