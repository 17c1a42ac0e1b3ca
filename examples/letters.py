"""The mail thread of the example inbox: six messages about gauge three, with attachments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

PEOPLE = {
    "mira": "Mira Okafor <mira@aldersyde.example>",
    "jonas": "Jonas Lindqvist <jonas@aldersyde.example>",
    "ana": "Ana Beltrán <ana@aldersyde.example>",
    "yuki": "Yuki Tanaka <yuki@aldersyde.example>",
}
SUBJECT = "Gauge three reads too high"
START = datetime(2026, 5, 4, 7, 12, tzinfo=UTC)

# (sender, hours after the start, text)
TEXTS = (
    (
        "yuki",
        0,
        "Since three in the morning gauge three stands 12 cm above its neighbours. The chart and "
        "the readings are attached. Did anybody touch the bracket?\n\nYuki\n",
    ),
    (
        "ana",
        5,
        "I walked past at noon. The painted staff says 0.81 m, the page says 0.93 m. Nothing looks "
        "broken from above, the bracket sits where we put it.\n\n> Did anybody touch the bracket?\n"
        "\nNot me.\n",
    ),
    (
        "jonas",
        26,
        "Could it be the temperature? In a warm shaft the echo comes back sooner and the water "
        "seems higher. But 12 cm would need thirty degrees more than the probe reports, so no.\n\n"
        "I will swap the boards of two and three on Tuesday.\n",
    ),
    (
        "mira",
        192,
        "The boards are swapped and the error stayed at the tannery, so the electronics are fine. "
        "I put the bill for the new connectors into a PDF for the treasurer.\n\n"
        "My guess: something in the shaft reflects the sound.\n",
    ),
    (
        "ana",
        362,
        "It was a spider! A web as thick as cloth, twelve centimetres above the water. See the "
        "drawing. The gauge fell to 0.81 m while I was still on the ladder.\n",
    ),
    (
        "jonas",
        364,
        "Wonderful. The firmware will take the farthest strong echo from now on. Please order a "
        "roll of fine mesh as well.\n\n> It was a spider!\n\nI owe Ana a cake.\n",
    ),
)


def pdf(line: str) -> bytes:
    """A PDF of one page with one line of text."""
    content = f"BT /F1 14 Tf 60 760 Td ({line}) Tj ET".encode("latin-1")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, len(out))
    )


def thread(chart: bytes, drawing: bytes, readings: bytes) -> Iterator[tuple[str, bytes]]:
    """File name and bytes of each message, oldest first, each answering the one before."""
    attachments = {
        0: [(chart, "image", "png", "chart.png"), (readings, "text", "csv", "gauge-3.csv")],
        3: [(pdf("Connectors for gauge three: 18.40 EUR"), "application", "pdf", "bill.pdf")],
        4: [(drawing, "image", "png", "shaft.png")],
    }
    before: list[str] = []
    for number, (sender, hours, text) in enumerate(TEXTS):
        message = letter(number, sender, START + timedelta(hours=hours), text, before)
        for data, kind, subtype, name in attachments.get(number, []):
            message.add_attachment(data, maintype=kind, subtype=subtype, filename=name)
        fix_boundaries(message, number)
        before.append(str(message["Message-ID"]))
        yield f"{number + 1:02d}-{sender}.eml", message.as_bytes(policy=SMTP)


def letter(number: int, sender: str, sent: datetime, text: str, before: list[str]) -> EmailMessage:
    """One message to everybody else, threaded behind the ids in `before`."""
    message = EmailMessage()
    message["From"] = PEOPLE[sender]
    message["To"] = ", ".join(PEOPLE[name] for name in PEOPLE if name not in (sender, "mira"))
    if sender != "mira":
        message["Cc"] = PEOPLE["mira"]
    message["Subject"] = f"Re: {SUBJECT}" if before else SUBJECT
    message["Date"] = format_datetime(sent)
    message["Message-ID"] = f"<heron-{number + 1}@aldersyde.example>"
    if before:
        message["In-Reply-To"] = before[-1]
        message["References"] = " ".join(before)
    message.set_content(text)
    if number == 4:
        paragraphs = "".join(f"<p>{each}</p>" for each in text.strip().split("\n\n"))
        message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    return message


def fix_boundaries(message: EmailMessage, number: int) -> None:
    """Give every multipart a boundary of its own that is the same each time."""
    parts = [part for part in message.walk() if part.is_multipart()]
    for index, part in enumerate(parts):
        part.set_boundary(f"=-heron-{number + 1}-{index}")
