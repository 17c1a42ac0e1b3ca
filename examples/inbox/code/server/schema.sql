-- One row a reading; the primary key makes a repeated packet harmless.
CREATE TABLE reading (
    gauge   integer NOT NULL,
    time    bigint NOT NULL,
    level   real NOT NULL,
    celsius real,
    battery real,
    PRIMARY KEY (gauge, time)
);

CREATE VIEW latest AS
SELECT gauge, max(time) AS time, arg_max(level, time) AS level FROM reading GROUP BY gauge;
