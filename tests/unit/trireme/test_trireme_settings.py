"""Settings: sources, their weight, and what happens to names nobody knows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trireme.reference import markdown
from trireme.settings import Settings, SettingsError
from trireme.sources import load, to_environment


def test_defaults_need_no_source() -> None:
    assert load(environment={}) == Settings()


def test_a_file_outweighs_the_environment_and_a_flag_outweighs_both(tmp_path: Path) -> None:
    config = tmp_path / "trireme.toml"
    config.write_text("[gateway]\nport = 2\nhost = '127.0.0.2'\n")
    environment = {"TRIREME_PORT": "1", "TRIREME_HOST": "127.0.0.1", "TRIREME_CATALOGUE": "full"}

    loaded = load(config=config, flags={"port": 3}, environment=environment)

    assert (loaded.gateway.port, loaded.gateway.host, loaded.catalogue) == (3, "127.0.0.2", "full")


def test_flags_that_were_not_given_weigh_nothing() -> None:
    assert load(flags={"port": None}, environment={"TRIREME_PORT": "1"}).gateway.port == 1


def test_lists_and_tables_have_a_form_for_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "trireme.toml"
    config.write_text("[jobs.resources]\nGPU = 1\n[triton]\nurls = ['a:1', 'b:2']\n")
    environment = {"TRIREME_JOBS_RESOURCES": "GPU=1", "TRIREME_TRITON_URLS": "a:1, b:2"}

    assert load(config=config, environment={}) == load(environment=environment)
    assert load(environment=environment).triton.urls == ("a:1", "b:2")


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("TRIREME_TRITON_URL", "TRIREME_TRITON_URLS"),
        ("TRIREME_ROOTKEY", "TRIREME_ROOT_KEY"),
        ("TRIREME_SCHEDULR", "TRIREME_SCHEDULER"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(variable: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=variable) as caught:
        load(environment={variable: "x"})
    assert caught.value.hint == f"did you mean {nearest}?"


def test_an_unknown_name_in_a_file_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "trireme.toml"
    config.write_text("[gateway]\nprot = 1\n")
    with pytest.raises(SettingsError, match=r"gateway\.prot in .*trireme\.toml") as caught:
        load(config=config, environment={})
    assert caught.value.hint == "did you mean gateway.port?"


def test_a_value_of_the_wrong_type_names_its_setting() -> None:
    with pytest.raises(SettingsError, match=r"setting gateway\.port: expected `int`"):
        load(environment={"TRIREME_PORT": "eighty"})


@pytest.mark.parametrize(
    ("urls", "http_urls", "wrong"),
    [
        ("", "a:1", "a server for each of urls"),
        ("a:1, b:1", "a:2", "a server for each of urls"),
        ("a:1", "http://a/", "host:port, not http://a/"),
    ],
)
def test_http_addresses_that_fit_no_server_are_refused(urls: str, http_urls: str, wrong: str) -> None:
    environment = {"TRIREME_TRITON_URLS": urls, "TRIREME_TRITON_HTTP_URLS": http_urls}
    with pytest.raises(SettingsError, match=f"setting triton: http_urls .*{wrong}"):
        load(environment=environment)


def test_a_broken_or_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(config=tmp_path / "none.toml", environment={})
    broken = tmp_path / "broken.toml"
    broken.write_text("[gateway")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(config=broken, environment={})


@given(
    port=st.integers(0, 65535),
    urls=st.lists(st.from_regex(r"[a-z]{1,8}:[0-9]{1,5}", fullmatch=True)).map(tuple),
    level=st.sampled_from(["debug", "info"]),
)
def test_another_process_loads_the_same_settings(port: int, urls: tuple[str, ...], level: str) -> None:
    variables = {"PORT": str(port), "TRITON_URLS": ",".join(urls), "LOG_LEVEL": level}
    loaded = load(environment={f"TRIREME_{name}": value for name, value in variables.items()})
    assert load(environment=to_environment(loaded)) == loaded


def test_the_root_key_is_neither_handed_on_nor_shown() -> None:
    loaded = load(environment={"TRIREME_ROOT_KEY": "sk-secret"})
    assert loaded.root_key == "sk-secret"
    assert "sk-secret" not in repr(loaded)
    assert "sk-secret" not in to_environment(loaded).values()


def test_the_page_about_settings_is_the_present_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
    assert page.endswith(markdown()), "run: trireme settings --markdown"
