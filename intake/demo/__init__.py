"""The demo county: fictional people, real keys, reports sent through the citizen's own form."""

from intake.demo.build import DemoError, build, is_current

__all__ = ["DemoError", "build", "is_current"]
