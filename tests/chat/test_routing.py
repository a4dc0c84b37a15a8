import pytest

from chat.transports.base_socket import NOT_FOUND

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/nowhere/", "/ws/chat/a/b/", "/ws/chat/%00/"])
async def test_other_paths_close_with_4404(connect, lobby, path):
    assert await (await connect(path)).closed() == NOT_FOUND
