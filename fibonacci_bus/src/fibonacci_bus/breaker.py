"""A circuit breaker that processes share through the database.

Five failures in a row open it for sixty seconds; then one probe goes through, and its outcome
closes the breaker or opens it again. A probe whose process dies is replaced after its time-out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.errors import BreakerOpen

_LOOK = text(
    f"""
    SELECT b.failures, b.open_until IS NOT NULL AS opened,
           extract(epoch FROM greatest(b.open_until, b.probe_until) - clock_timestamp()) AS left
    FROM {SCHEMA}.breakers b WHERE b.tenant_id = :tenant AND b.name = :name
    """
)
_PROBE = text(
    f"""
    UPDATE {SCHEMA}.breakers
    SET probe = :probe, probe_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE tenant_id = :tenant AND name = :name
      AND (open_until <= clock_timestamp()
           OR open_until > clock_timestamp() + make_interval(secs => :longest))
      AND (probe_until IS NULL OR probe_until <= clock_timestamp()
           OR probe_until > clock_timestamp() + make_interval(secs => :longest))
    """
)
_SUCCESS = text(
    f"""
    DELETE FROM {SCHEMA}.breakers
    WHERE tenant_id = :tenant AND name = :name
      AND CASE WHEN CAST(:probe AS uuid) IS NULL THEN open_until IS NULL ELSE probe = :probe END
    """
)
_FAILURE = text(
    f"""
    INSERT INTO {SCHEMA}.breakers AS b (tenant_id, name, failures, open_until)
    VALUES (:tenant, :name, 1,
            CASE WHEN :limit <= 1 THEN clock_timestamp() + make_interval(secs => :pause) END)
    ON CONFLICT (tenant_id, name) DO UPDATE
    SET failures = b.failures + 1, probe = NULL, probe_until = NULL,
        open_until = CASE WHEN b.failures + 1 >= :limit
                          THEN clock_timestamp() + make_interval(secs => :pause) END
    WHERE CASE WHEN b.open_until IS NULL THEN true
               ELSE b.probe = CAST(:probe AS uuid) END
    """
)
_RELEASE = text(
    f"""
    UPDATE {SCHEMA}.breakers SET probe = NULL, probe_until = NULL
    WHERE tenant_id = :tenant AND name = :name AND probe = CAST(:probe AS uuid)
    """
)

Scope = Callable[[UUID], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """``probe_timeout`` is the longest that a call may take before another may probe."""

    failures: int = 5
    pause: timedelta = timedelta(seconds=60)
    probe_timeout: timedelta = timedelta(seconds=60)


_DEFAULT = BreakerSettings()


class Breaker:
    """The breaker of one outside service and one partition, by name.

    ``scope`` opens a transaction of the partition. No transaction is open while the call runs.
    """

    def __init__(
        self,
        scope: Scope,
        tenant_id: UUID,
        name: str,
        *,
        is_failure: Callable[[BaseException], bool] | None = None,
        settings: BreakerSettings = _DEFAULT,
    ) -> None:
        """``is_failure`` tells a service that fails from one that refuses; without it all are."""
        self._scope = scope
        self._tenant_id = tenant_id
        self._name = name
        self._is_failure = is_failure
        self._settings = settings

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one call.

        Raises:
            BreakerOpen: the service is cut off; the call is not made.
        """
        probe, clean = self._enter()
        try:
            yield
        except Exception as error:
            if self._is_failure is None or self._is_failure(error):
                self._failed(probe)
            else:
                self._passed(probe, clean)
            raise
        except BaseException:
            self._abandon(probe)
            raise
        self._passed(probe, clean)

    def _enter(self) -> tuple[UUID | None, bool]:
        """The probe's token where this call is one, and whether no failure is on record."""
        with self._scope(self._tenant_id) as connection:
            row = connection.execute(_LOOK, self._key()).one_or_none()
            if row is None or not row.opened:
                return None, row is None
            longest = (self._settings.pause + self._settings.probe_timeout).total_seconds()
            # Longer than it can last: the server's clock was ahead, and went back.
            if row.left is not None and 0 < row.left <= longest:
                raise BreakerOpen(self._name, timedelta(seconds=float(row.left)))
            probe = uuid4()
            seconds = self._settings.probe_timeout.total_seconds()
            asked = {**self._key(), "probe": probe, "seconds": seconds, "longest": longest}
            if connection.execute(_PROBE, asked).rowcount == 1:
                return probe, False
        raise BreakerOpen(self._name, timedelta(seconds=1))

    def _passed(self, probe: UUID | None, clean: bool) -> None:
        """Forget the failures. A call that began before the breaker opened does not close it."""
        if clean:
            return
        with self._scope(self._tenant_id) as connection:
            connection.execute(_SUCCESS, {**self._key(), "probe": probe})

    def _failed(self, probe: UUID | None) -> None:
        with self._scope(self._tenant_id) as connection:
            connection.execute(
                _FAILURE,
                {
                    **self._key(),
                    "probe": probe,
                    "limit": self._settings.failures,
                    "pause": self._settings.pause.total_seconds(),
                },
            )

    def _abandon(self, probe: UUID | None) -> None:
        if probe is None:
            return
        with self._scope(self._tenant_id) as connection:
            connection.execute(_RELEASE, {**self._key(), "probe": probe})

    def _key(self) -> dict[str, object]:
        return {"tenant": self._tenant_id, "name": self._name}
