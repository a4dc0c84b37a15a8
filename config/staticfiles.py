"""Static files with a hash of their content in the name. Browsers may cache them forever."""

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class HashedFiles(ManifestStaticFilesStorage):
    """Storage of `collectstatic`. Names inside style sheets and modules are replaced, too.

    Old versions are not deleted: a page that is open still loads modules of its own version.
    """

    support_js_module_import_aggregation = True

    def read_manifest(self) -> str:
        """The names of the files. `make serve` copies them beside the code for which they were
        collected: the next version replaces those in the folder of the files."""
        of_this_version = settings.BASE_DIR / self.manifest_name
        if of_this_version.exists():
            return str(of_this_version.read_text())
        return super().read_manifest()

    def stored_name(self, name: str) -> str:
        """The hashed name, or the plain name of a file that was not collected."""
        try:
            return super().stored_name(name)
        except ValueError:
            return name
