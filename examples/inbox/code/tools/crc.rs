//! CRC-16/CCITT of a packet, as the radio boards compute it.

pub fn crc16(data: &[u8]) -> u16 {
    data.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 }
        })
    })
}

#[test]
fn known_value() {
    assert_eq!(crc16(b"123456789"), 0x29B1);
}
