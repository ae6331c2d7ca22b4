"""How processes of ours join a dask cluster: by certificates on both sides where it listens on TLS."""

from distributed import Security

from control_plane.settings import JobSettings


def security(settings: JobSettings) -> Security | None:
    """The certificate of this process and the authority of all others; None for a cluster without TLS.

    Raises:
        OSError: a file cannot be read; dask would not say which.

    """
    if settings.tls_ca_file is None:
        return None
    for path in filter(None, (settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file)):
        path.open("rb").close()
    certificate, key = str(settings.tls_cert_file), str(settings.tls_key_file)
    return Security(
        require_encryption=True,
        tls_ca_file=str(settings.tls_ca_file),
        tls_client_cert=certificate,
        tls_client_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
    )
