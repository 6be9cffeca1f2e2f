"""System checks of a project's settings, installation and pages."""
