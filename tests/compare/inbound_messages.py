"""Messages as the world sends them, made from a seed: charsets, encodings, names, structures, and what programs get wrong."""

import base64
import email.charset
import email.encoders
import email.message
import email.mime.application
import email.mime.base
import email.mime.image
import email.mime.message
import email.mime.multipart
import email.mime.nonmultipart
import email.mime.text
import email.header
import email.policy
import email.utils
import quopri
import random

WORDS = {
    "us-ascii": ["meeting", "invoice", "order 4711", "Kind regards", "see attached", "tomorrow at ten"],
    "iso-8859-1": ["Grüße", "naïve café", "señor", "façade", "Übersicht", "Año"],
    "iso-8859-15": ["5 €", "Œuvre", "Žižek"],
    "windows-1252": ["“quoted”", "5 €", "it’s – fine", "Größe"],
    "iso-8859-2": ["Příliš", "žluťoučký", "Łódź"],
    "windows-1250": ["Příliš", "„cytat”", "Łódź"],
    "koi8-r": ["Привет", "мир", "счёт"],
    "windows-1251": ["Привет", "Здравствуйте", "«да»"],
    "iso-8859-7": ["Καλημέρα", "λογαριασμός"],
    "iso-8859-9": ["İstanbul", "günaydın"],
    "shift_jis": ["日本語", "会議", "請求書"],
    "iso-2022-jp": ["日本語", "会議の件", "山田太郎"],
    "euc-jp": ["日本語", "請求書"],
    "euc-kr": ["안녕하세요", "회의"],
    "gb2312": ["你好", "会议", "发票"],
    "gbk": ["你好", "會議"],
    "gb18030": ["你好", "發票"],
    "big5": ["你好", "會議"],
    "utf-8": ["Grüße 🦉", "日本語", "Привет", "½ naïve", "עברית", "العربية", "नमस्ते"],
    "utf-16": ["Grüße", "日本語"],
}
PROGRAMS = ("Apple Mail (2.3731)", "Microsoft Outlook 16.0", "Mozilla Thunderbird", "Roundcube Webmail/1.6", "Gmail")
NAMES = ("report.pdf", "Übersicht 2026.pdf", "表.csv", "a b (1).txt", "very long name " * 6 + ".png", "quote\"d.bin", "naïve café.docx",
         "semi;colon.zip", "50%.png", "it's.txt")


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, charset, lines=None):
        words = WORDS[charset] + (WORDS["us-ascii"] if charset != "utf-16" else [])
        return "\n".join(" ".join(self.random.choice(words) for _ in range(self.random.randint(1, 12)))
                         for _ in range(lines or self.random.randint(1, 15))) + "\n"

    def part(self, text, charset, subtype="plain", encoding=None):
        """A text part in that charset, with that encoding of its octets."""
        octets = text.replace("\n", "\r\n").encode(charset)
        encoding = encoding or self.random.choice(["base64", "quoted-printable", "8bit"] if charset not in ("utf-16",) else ["base64"])
        if charset in ("us-ascii", "iso-2022-jp") and encoding == "8bit":
            encoding = "7bit"
        part = email.message.Message()
        part["Content-Type"] = f'text/{subtype}; charset={self.random.choice(["{}", chr(34) + "{}" + chr(34)]).format(self.spelled(charset))}'
        part["Content-Transfer-Encoding"] = self.spelled(encoding)
        if encoding == "base64":
            body = base64.encodebytes(octets)
        elif encoding == "quoted-printable":
            body = quopri.encodestring(octets.replace(b"\r\n", b"\n"))
        else:
            body = octets.replace(b"\r\n", b"\n")
        part.set_payload(body.decode("ascii", "surrogateescape"))
        return part

    def spelled(self, word):
        return self.random.choice((word, word, word.upper()))

    def file(self, disposition="attachment"):
        kind = self.random.choice(("application/pdf", "image/png", "application/octet-stream", "text/csv", "application/zip",
                                   "text/calendar; method=REQUEST"))
        content = self.random.randbytes(self.random.choice((0, 1, 57, 58, 1000, 20000)))
        part = email.message.Message()
        name = self.random.choice(NAMES)
        form = self.random.choice(("rfc2231", "rfc2231", "rfc2047", "plain"))
        part["Content-Type"] = kind
        part["Content-Disposition"] = disposition
        if form == "rfc2231" or not name.isascii() and form == "plain":
            part.set_param("filename", name if name.isascii() else ("utf-8", "", name), header="Content-Disposition")
        elif form == "rfc2047" and not name.isascii():
            part.set_param("filename", email.header.Header(name, "utf-8", maxlinelen=1000).encode(), header="Content-Disposition")
        else:
            part.set_param("name", name if name.isascii() else ("utf-8", "", name))
            part.set_param("filename", name if name.isascii() else ("utf-8", "", name), header="Content-Disposition")
        if self.random.random() < 0.3:
            part["Content-ID"] = f"<{self.random.randrange(10**9)}@outside.test>"
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(base64.encodebytes(content).decode())
        return part

    def multipart(self, subtype, *parts, **parameters):
        whole = email.mime.multipart.MIMEMultipart(subtype, boundary=self.random.choice(
            (f"=_{self.random.randrange(10**12)}", f"----=_NextPart_000_{self.random.randrange(10**9):08X}", f"Apple-Mail={self.random.randrange(10**9)}",
             f"{self.random.randrange(16**12):012x}", f"a b {self.random.randrange(10**6)}")), **parameters)
        for part in parts:
            whole.attach(part)
        return whole

    def html(self, charset):
        return f"<html><body><p>{self.text(charset, 2)}</p><img src=\"cid:x\"></body></html>\n"

    def structure(self, charset):
        pick = self.random.random()
        plain = self.part(self.text(charset), charset)
        if pick < 0.2:
            return plain
        html = self.part(self.html(charset), charset, "html")
        if pick < 0.25:
            return html
        alternative = self.multipart("alternative", plain, html)
        if pick < 0.4:
            return alternative
        files = [self.file() for _ in range(self.random.randint(1, 3))]
        if pick < 0.55:
            return self.multipart("mixed", plain, *files)
        if pick < 0.7:
            return self.multipart("mixed", alternative, *files)
        if pick < 0.8:
            related = self.multipart("related", html, self.file("inline"))
            return self.multipart("alternative", plain, related)
        if pick < 0.85:
            signature = email.message.Message()
            signature["Content-Type"] = 'application/pgp-signature; name="signature.asc"'
            signature.set_payload("-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n")
            return self.multipart("signed", plain, signature, protocol="application/pgp-signature", micalg="pgp-sha256")
        if pick < 0.9:
            inner = self.message("us-ascii", self.part(self.text("us-ascii"), "us-ascii"))
            forwarded = email.message.Message()
            forwarded["Content-Type"] = "message/rfc822"
            forwarded["Content-Disposition"] = 'attachment; filename="forwarded.eml"'
            forwarded.set_payload([inner])
            return self.multipart("mixed", plain, forwarded)
        if pick < 0.95:
            flowed = email.message.Message()
            flowed["Content-Type"] = "text/plain; charset=utf-8; format=flowed"
            flowed["Content-Transfer-Encoding"] = "8bit"
            flowed.set_payload("A paragraph that goes \non in the next line.\n\n> quoted text that \n> goes on\n\nEnd.\n")
            return flowed
        return self.multipart("mixed", self.multipart("mixed", self.multipart("mixed", plain, files[0])), *files[1:])

    def header(self, charset, text):
        return email.header.Header(text, "utf-8" if charset == "utf-16" else charset).encode()

    def message(self, charset, body):
        name = self.random.choice(WORDS["utf-8" if charset == "utf-16" else charset])
        message = body
        fields = [("From", email.utils.formataddr((name, "anna@outside.test"), "utf-8")),
                  ("To", self.random.choice(("alice@example.test", "Alice <alice@example.test>, bob@example.test", '"A, lice" <alice@example.test>'))),
                  ("Subject", self.header(charset, " ".join(self.random.choice(WORDS[charset]) for _ in range(self.random.randint(1, 9))))),
                  ("Date", email.utils.formatdate(self.random.randrange(10**9, 2 * 10**9), localtime=False)),
                  ("Message-ID", f"<{self.random.randrange(10**12)}@outside.test>"),
                  ("X-Mailer", self.random.choice(PROGRAMS)),
                  ("MIME-Version", "1.0")]
        if "MIME-Version" in message:
            del message["MIME-Version"]
        for key, value in fields:
            message[key] = value
        return message

    def spoiled(self, octets):
        """What programs and roads do to messages: what was done, and the octets."""
        pick = self.random.random()
        if pick < 0.85:
            return "", octets
        if pick < 0.9:
            return "cut", octets[:max(200, len(octets) - self.random.randint(1, 200))]
        if pick < 0.93:
            return "charset", octets.replace(b"charset=", b"charset=x-", 1)
        if pick < 0.96:
            return "version", octets.replace(b"MIME-Version: 1.0\n", b"")
        return "field", octets.replace(b"\n\n", b"\nX-Bad\xff: \xfe\n\n", 1)

    def make(self):
        charset = self.random.choice(list(WORDS))
        message = self.message(charset, self.structure(charset))
        spoiled, octets = self.spoiled(message.as_bytes(policy=email.policy.compat32))
        return spoiled, octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def messages(count, seed=20261127):
    """(how it was spoiled, the message), with CRLF as Postfix hands it over."""
    maker = Maker(seed)
    return [maker.make() for _ in range(count)]
