"""Static files with a hash of their content in the name. Browsers may cache them forever."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class HashedFiles(ManifestStaticFilesStorage):
    """Storage of `collectstatic`. Names inside style sheets and modules are replaced, too.

    Old versions are not deleted: a page that is open still loads modules of its own version.
    """

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        """The hashed name, or the plain name of a file that was not collected."""
        try:
            return super().stored_name(name)
        except ValueError:
            return name
