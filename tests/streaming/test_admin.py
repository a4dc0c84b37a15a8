import pytest

from streaming.models import MAX_BODY_BYTES, Revision, StreamText

ADD = "/admin/streaming/streamtext/add/"


@pytest.fixture
def fields():
    """The fields that the form sends for a text."""
    return {
        "title": "New",
        "slug": "new",
        "body": "b",
        "event_name": "message",
        "interval_ms": "300",
        "revisions-TOTAL_FORMS": "0",
        "revisions-INITIAL_FORMS": "0",
    }


def test_a_text_keeps_the_spaces_around_it(client, boss, fields):
    client.force_login(boss)
    fields["body"] = "  two before\r\n\r\nand a line after\r\n"
    assert client.post(ADD, fields).status_code == 302
    assert StreamText.objects.get().body == "  two before\n\nand a line after\n"


def test_editing_makes_a_revision_and_shows_it(client, boss, fields, text):
    client.force_login(boss)
    change = f"/admin/streaming/streamtext/{text.pk}/change/"
    fields |= {"body": "edited", "slug": text.slug, "is_default": "on"}
    assert client.post(change, fields).status_code == 302
    page = client.get(change).content.decode()
    assert text.revisions.count() == 2
    assert "/stream/?text=first" in page
    assert "edited" in page


def test_a_revision_can_only_be_viewed(client, boss, text):
    client.force_login(boss)
    change = f"/admin/streaming/revision/{text.revisions.get().pk}/change/"
    assert client.get(change).status_code == 200
    assert client.post(change, {"body": "x"}).status_code == 403


def test_the_list_links_to_the_preview(client, boss, text):
    client.force_login(boss)
    assert "/stream/?text=first" in client.get("/admin/streaming/streamtext/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("body", "x" * (MAX_BODY_BYTES + 1), "1,000,001 bytes"),
        ("event_name", "meta", "is reserved"),
        ("interval_ms", "0", "greater than or equal to 1"),
        ("interval_ms", "10001", "less than or equal to 10000"),
        ("slug", "first", "already exists"),
    ],
)
def test_bad_input_is_refused_and_stays_in_the_form(
    client, boss, fields, text, field, value, message
):
    client.force_login(boss)
    page = client.post(ADD, fields | {field: value})
    assert page.status_code == 200
    assert message in page.content.decode()
    assert "New" in page.content.decode()
    assert StreamText.objects.count() == 1


def test_the_crlf_of_a_form_counts_as_one_byte(client, boss, fields):
    client.force_login(boss)
    fields["body"] = "\r\n" * (MAX_BODY_BYTES - 10)
    assert client.post(ADD, fields).status_code == 302


def test_the_default_text_cannot_be_unset(client, boss, fields, text):
    client.force_login(boss)
    change = f"/admin/streaming/streamtext/{text.pk}/change/"
    page = client.post(change, fields | {"slug": text.slug})
    assert "Make another text the default instead." in page.content.decode()


@pytest.mark.parametrize("how", ["added", "changed"])
def test_a_text_that_is_made_the_default_replaces_the_old_default(client, boss, fields, text, how):
    client.force_login(boss)
    where = ADD
    if how == "changed":
        other = StreamText.objects.create(slug="new", title="New", body="b")
        where = f"/admin/streaming/streamtext/{other.pk}/change/"
    assert client.post(where, fields | {"is_default": "on"}).status_code == 302
    assert StreamText.objects.get(is_default=True).slug == "new"


def test_a_text_is_deleted_with_its_revisions(client, boss, text):
    client.force_login(boss)
    delete = f"/admin/streaming/streamtext/{text.pk}/delete/"
    assert "First" in client.get(delete).content.decode()
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert not Revision.objects.exists()
