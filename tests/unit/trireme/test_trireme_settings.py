"""Settings: sources, their weight, and what happens to names nobody knows."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trireme.reference import markdown
from trireme.settings import Settings, SettingsError
from trireme.sources import environment_name, leaves, load, to_environment


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
        ("a:1", "http://a:2", "host:port, not http://a:2"),
        ("a:1", "a:70000", "host:port, not a:70000"),
    ],
)
def test_http_addresses_that_fit_no_server_are_refused(urls: str, http_urls: str, wrong: str) -> None:
    environment = {"TRIREME_TRITON_URLS": urls, "TRIREME_TRITON_HTTP_URLS": http_urls}
    with pytest.raises(SettingsError, match=f"setting triton: http_urls .*{wrong}"):
        load(environment=environment)


@pytest.mark.parametrize("urls", ["a", "a:", ":1", "a:x", "http://a:1", "a:0", "a:1, b"])
def test_grpc_addresses_are_hosts_with_ports(urls: str) -> None:
    with pytest.raises(SettingsError, match="setting triton: urls has to be of addresses host:port"):
        load(environment={"TRIREME_TRITON_URLS": urls})


def numbers() -> list[tuple[str, object]]:
    """Names and types of all settings that are or hold numbers."""
    return [(name, kind) for name, kind in leaves(Settings) if {int, float} & {kind, *get_args(kind)}]


@pytest.mark.parametrize(("name", "kind"), numbers())
def test_no_number_is_taken_that_means_nothing(name: str, kind: object) -> None:
    """A setting without a range would let some of these through, and fail far from where it was set."""
    form = "GPU={}" if get_origin(kind) is Mapping else "{}"
    for value in ("-1", "nan", "inf", "1e300", "9" * 30):
        with pytest.raises(SettingsError, match=f"^setting {name}"):
            load(environment={environment_name(name): form.format(value)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobs.int8_worth", "0"),
        ("jobs.threads", "0"),
        ("jobs.max_losses", "0"),
        ("jobs.lease_seconds", "0.5"),  # a worker would lose its builds between two signs of life
        ("gateway.poll_interval", "4"),  # others would take the gateway for dead
        ("gateway.port", "65536"),
        ("gateway.max_requests", "0"),
        ("gateway.usage.queue", "0"),
        ("s3.attempts", "0"),
        ("uploads.url_seconds", "604801"),
        ("accounts.key_max_days", "0"),
    ],
)
def test_numbers_out_of_their_range_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^setting {name}: expected `(int|float).* (>=?|<=?) "):
        load(environment={environment_name(name): value})


def test_none_of_something_that_may_be_left_out_is_fine() -> None:
    names = (
        "JOBS_GPUS",
        "JOBS_KEPT_WORKSPACES",
        "GATEWAY_CACHE_BYTES",
        "GATEWAY_IMAGE_QUEUE",
        "GATEWAY_PORT",
    )
    load(environment={f"TRIREME_{name}": "0" for name in names})


def test_an_empty_variable_stands_for_a_setting_that_is_left_out() -> None:
    names = ("SCHEDULER", "JOBS_TLS_CA_FILE", "TENSORRT_FLAVOUR", "ACCOUNTS_KEY_MAX_DAYS", "ROOT_KEY")
    assert load(environment={f"TRIREME_{name}": "" for name in names}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("s3.endpoint_url", "localhost:9000"),
        ("s3.public_endpoint_url", "s3://bucket"),
        ("gateway.public_url", "example.com"),
        ("gateway.tracing.endpoint", "collector:4318"),
        ("gateway.limits.redis_url", "localhost:6379"),
        ("jobs.scheduler", "localhost:8786"),
    ],
)
def test_addresses_without_their_scheme_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^setting {name}: expected `str( \| null)?` matching"):
        load(environment={environment_name(name): value})


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"TRIREME_S3_ACCESS_KEY_ID": "a"}, "setting s3: access_key_id and secret_access_key"),
        ({"TRIREME_S3_SECRET_ACCESS_KEY": "hunter2"}, "setting s3: access_key_id and secret_access_key"),
        (
            {"TRIREME_SCHEDULER": "tls://a:1", "TRIREME_JOBS_TLS_CA_FILE": "a"},
            "setting jobs: .* tls_cert_file",
        ),
    ],
)
def test_what_belongs_together_is_not_taken_by_half(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=missing) as caught:
        load(environment=environment)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@h/x", "mysql+aiomysql://u:hunter2@h/x", "hunter2"])
def test_a_database_of_another_driver_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"setting database: url .*postgresql\+asyncpg://") as caught:
        load(environment={"TRIREME_DATABASE_URL": url})
    assert "hunter2" not in str(caught.value)


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="setting log: level has to be one of debug, info"):
        load(environment={"TRIREME_LOG_LEVEL": "verbose"})
    assert load(environment={"TRIREME_LOG_LEVEL": "INFO"}).log.level == "INFO"


def test_a_broken_or_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(config=tmp_path / "none.toml", environment={})
    broken = tmp_path / "broken.toml"
    broken.write_text("[gateway")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(config=broken, environment={})


@given(
    port=st.integers(0, 65535),
    urls=st.lists(st.from_regex(r"[a-z]{1,8}:[1-9][0-9]{0,3}", fullmatch=True)).map(tuple),
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
