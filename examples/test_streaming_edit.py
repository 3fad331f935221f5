import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts, any_chunks, response

BODY = "pass geh文heim, gegeh文heim, geh".encode()


def test_a_complete_secret_goes_out_at_once(plugin_host: PluginHosts) -> None:
    stream = plugin_host("streaming_edit.py", {"secret": "geh文heim"}).request()
    stream.response_headers(200)
    assert stream.response_body("it is geh文heim, ge") == b"it is ***, "
    assert stream.response_body("") == b""
    assert stream.response_body("nug", end_of_stream=True) == b"genug"


@settings(deadline=None, max_examples=40)  # a plugin may have to be built first
@given(st.data())
def test_cuts_do_not_matter(plugin_host: PluginHosts, data: st.DataObject) -> None:
    with plugin_host("streaming_edit.py", {"secret": "geh文heim"}) as host:
        answer = host.request().respond(response(body=data.draw(any_chunks(BODY))))
        assert answer.body == b"pass ***, ge***, geh"


def test_without_a_secret_there_is_nothing_to_do(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="secret: is required"):
        plugin_host("streaming_edit.py", {"secrets": "x"})
