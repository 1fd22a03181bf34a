-- Every alert, once, in the order of arrival.
CREATE TABLE alerts (
    seq         INTEGER PRIMARY KEY,
    alert_id    TEXT    NOT NULL UNIQUE,
    camera      TEXT    NOT NULL,
    class       TEXT    NOT NULL,
    -- Empty if the alert names no zone.
    zone        TEXT    NOT NULL,
    severity    TEXT    NOT NULL,
    -- Microseconds since 1970: when it happened, and when it was recorded.
    raised_at   INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    outcome     TEXT    NOT NULL
        CHECK (outcome IN ('pending', 'delivered', 'silenced', 'inhibited', 'expired', 'dead_lettered')),
    -- The alert as JSON, as it is delivered.
    body        TEXT    NOT NULL
) STRICT;

CREATE INDEX alerts_by_time ON alerts (raised_at DESC, seq DESC);
CREATE INDEX alerts_of_a_kind ON alerts (camera, class, zone, raised_at);
CREATE INDEX alerts_dead ON alerts (raised_at DESC, seq DESC) WHERE outcome = 'dead_lettered';

-- What is to be sent where.
CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY,
    alert           INTEGER NOT NULL REFERENCES alerts (seq) ON DELETE CASCADE,
    channel         TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('due', 'delivered', 'dead')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    last_error      TEXT,
    changed_at      INTEGER NOT NULL,
    UNIQUE (alert, channel)
) STRICT;

CREATE INDEX deliveries_due ON deliveries (next_attempt_at, id) WHERE state = 'due';

-- How many alerts came to which end, those that were deleted since included. Kept by triggers, so
-- that the sum is the number of alerts detected, at all times.
CREATE TABLE totals (
    outcome TEXT    PRIMARY KEY,
    count   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO totals (outcome, count)
VALUES ('pending', 0), ('delivered', 0), ('silenced', 0), ('inhibited', 0), ('expired', 0), ('dead_lettered', 0);

CREATE TRIGGER alert_recorded AFTER INSERT ON alerts BEGIN
    UPDATE totals SET count = count + 1 WHERE outcome = NEW.outcome;
END;

CREATE TRIGGER alert_moved AFTER UPDATE OF outcome ON alerts WHEN OLD.outcome <> NEW.outcome BEGIN
    UPDATE totals SET count = count - 1 WHERE outcome = OLD.outcome;
    UPDATE totals SET count = count + 1 WHERE outcome = NEW.outcome;
END;
