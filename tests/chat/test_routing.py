import pytest

from realtime.errors import CloseCode

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/nowhere/", "/ws/chat/a/b/", "/ws/chat/%00/"])
async def test_an_unknown_path_closes_with_4404(connect, lobby, path):
    assert await (await connect(path)).closed() == CloseCode.NOT_FOUND
