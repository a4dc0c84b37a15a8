"""Static files under names that change with their contents; browsers keep them for ever."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class HashedFiles(ManifestStaticFilesStorage):
    """What `collectstatic` copies, with the names inside of style sheets and modules changed too.

    Old versions stay: a page that is open goes on to load the modules of its own version.
    """

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        """The hashed name; the plain one of what has not been collected, which workers serve."""
        try:
            return super().stored_name(name)
        except ValueError:
            return name
