"""Where customers' words may go without being asked twice: inside one's own network, by the look of the address."""

from pathlib import Path

import pytest

from app import build_services
from core.errors import ConfigurationError
from core.reach import check_reach, lies_inside
from core.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1", "http://localhost:8000/v1", "http://[::1]:8000", "http://10.3.4.5/v1",
        "http://192.168.1.7:8000", "http://172.16.0.9", "http://vllm:8000/v1", "http://gpu.internal/v1",
        "http://vllm.models.svc.cluster.local:8000/v1", "http://nas.local", "http://[fd00::1]:8000/v1",
    ],
)  # fmt: skip
def test_inside(url: str) -> None:
    assert lies_inside(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://router.example.com/v1", "https://8.8.8.8/v1", "http://172.32.0.1/v1", "https://[2001:4860::1]/v1",
        "https://local.example.com", "https://example.com.", "https://user@example.org/v1",
    ],
)  # fmt: skip
def test_outside(url: str) -> None:
    assert not lies_inside(url)


@pytest.mark.parametrize("name", ["engine_url", "fallback_url", "embedding_url", "rerank_url"])
def test_an_address_outside_is_refused_by_name_unless_allowed(tmp_path: Path, name: str) -> None:
    outside = {name: "https://router.example.com/v1"}
    with pytest.raises(ConfigurationError, match=f"XIAOQ_{name.upper()}.*XIAOQ_REMOTE_UPSTREAMS"):
        build_services(Settings(_env_file=None, data_dir=tmp_path, **outside))
    check_reach(Settings(_env_file=None, data_dir=tmp_path, remote_upstreams=True, **outside))
