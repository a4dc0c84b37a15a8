#!/usr/bin/env python
"""Django's command line. The only way of starting that may run without SECRET_KEY."""

import os
import sys

from django.core.management import execute_from_command_line

import config


def main() -> None:
    """Runs the command of the command line."""
    config.development_allowed = True
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
