"""Receives packets from the gateway and stores each once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    gauge: int
    time: int
    level: float
    celsius: float
    battery: float


def decode(packet: bytes) -> Reading:
    """A packet is gauge (1 byte), Unix time (4), level in mm (2, signed), temperature, battery."""
    return Reading(
        gauge=packet[0],
        time=int.from_bytes(packet[1:5], "big"),
        level=int.from_bytes(packet[5:7], "big", signed=True) / 1000,
        celsius=packet[7] / 4 - 20,
        battery=packet[8] / 100 + 2.5,
    )


def store(connection, reading: Reading) -> bool:
    """Whether the reading was new; a packet heard by two antennas counts once."""
    cursor = connection.execute(
        "INSERT INTO reading VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (reading.gauge, reading.time, reading.level, reading.celsius, reading.battery),
    )
    return cursor.rowcount == 1
