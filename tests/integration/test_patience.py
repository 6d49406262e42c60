"""A database that vanished is given up in time."""

from __future__ import annotations

from alquimista.db.session import Database


def test_connections_notice_within_a_minute_that_the_server_has_vanished(
    database: Database,
) -> None:
    for engine in (database.app_engine, database.relay_engine):
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            used = driver.info.dsn_parameters
        asked = int(used["keepalives_interval"]) * int(used["keepalives_count"])
        assert int(used["keepalives_idle"]) + asked <= 60
        assert int(used["tcp_user_timeout"]) <= 60_000
        assert int(used["connect_timeout"]) <= 10
