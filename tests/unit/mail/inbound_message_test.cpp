#include "base/text.hpp"
#include "catch.hpp"
#include "mail/inbound.hpp"
#include "mail/inbound_charset.hpp"
#include "mail/inbound_link.hpp"
#include "mail/inbound_message.hpp"
#include "mail/inbound_payload.hpp"
#include "mail/inbound_reply.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace vectis;
using mail::read_inbound;

namespace {

constexpr const char* us = "mail.example.test";

std::string crlf(std::string text) {
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
        text.replace(at, 1, "\r\n");
    return text;
}

mail::InboundContent read(const std::string& text) {
    return read_inbound(crlf(text), us);
}

const std::string received = "Received: from client.outside.test (client.outside.test [198.51.100.77])\n"
                             "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
                             "\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\n"
                             "\t(No client certificate requested)\n"
                             "\tby mail.example.test (Postfix) with ESMTPS id 4fXyZ12abcz1\n"
                             "\tfor <Alice+Tag@example.test>; Tue, 24 Nov 2026 10:43:11 +0000 (UTC)\n";

} // namespace

TEST_CASE("of a message that came in everything is read that programs ask for") {
    const auto content =
        read(received + "X-Spamd-Result: default: False [-1.60 / 15.00];\n"
                        "\tDMARC_POLICY_ALLOW(-0.50)[outside.test,none];\n"
                        "\tSUBJECT_ODD(0.10)[];(2.00)[x]; y];\n"
                        "\tMIME_GOOD(-0.10)[multipart/mixed,text/plain];\n"
                        "X-Spam: Yes\n"
                        "Authentication-Results: mail.example.test;\n"
                        "\tdkim=fail (spf=fail) header.d=other.test;\n"
                        "\tdkim=pass header.d=outside.test header.s=r1;\n"
                        "\tspf=pass (mail.example.test: domain of a designates 1) smtp.mailfrom=anna@outside.test;\n"
                        "\tdmarc=pass (policy=none) header.from=outside.test\n"
                        "Authentication-Results: mail.outside.test; arc=pass; spf=fail\n"
                        "From: =?utf-8?q?Zo=C3=AB_M=C3=BCller=2C_Gr=C3=B6=C3=9Fe?= <anna@outside.test>\n"
                        "To: \"Alice, A.\" <alice+tag@example.test>, Team: bob@example.test, carol@example.test;\n"
                        "Cc: =?iso-2022-jp?b?GyRCOzNFRBsoQg==?= <yamada@example.test>\n"
                        "Reply-To: answers@outside.test\n"
                        "Subject: =?utf-8?b?R3LDvMOfZQ==?=\n =?utf-8?q?_aus_K=C3=B6ln?=\n"
                        "Date: Tue, 24 Nov 2026 11:43:10 +0100\n"
                        "Message-ID: <1@outside.test>\n"
                        "MIME-Version: 1.0\n"
                        "Content-Type: multipart/mixed; boundary=\"o=u_t\"\n"
                        "\n"
                        "--o=u_t\n"
                        "Content-Type: multipart/alternative; boundary=in\n"
                        "\n"
                        "--in\n"
                        "Content-Type: text/plain; charset=iso-8859-1\n"
                        "Content-Transfer-Encoding: quoted-printable\n"
                        "\n"
                        "Gr=FC=DFe\n"
                        "From: here on a line that looks like a field\n"
                        "\n"
                        "--in\n"
                        "Content-Type: multipart/related; boundary=rel\n"
                        "\n"
                        "--rel\n"
                        "Content-Type: text/html; charset=utf-8\n"
                        "\n"
                        "<p>Grüße <img src=\"cid:logo@x\"></p>\n"
                        "--rel\n"
                        "Content-Type: image/png; name=logo.png\n"
                        "Content-ID: <logo@x>\n"
                        "Content-Disposition: inline\n"
                        "Content-Transfer-Encoding: base64\n"
                        "\n"
                        "iVBORw==\n"
                        "--rel--\n"
                        "--in--\n"
                        "--o=u_t\n"
                        "Content-Type: application/pdf\n"
                        "Content-Disposition: attachment; filename*0*=utf-8''%C3%9Cber; filename*1*=sicht.pdf\n"
                        "\n"
                        "%PDF\n"
                        "--o=u_t\n"
                        "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n"
                        "\n"
                        "BEGIN:VCALENDAR\n"
                        "--o=u_t\n"
                        "Content-Type: message/rfc822\n"
                        "\n"
                        "From: inner@outside.test\n"
                        "To: somebody@outside.test\n"
                        "Subject: inner\n"
                        "\n"
                        "inner text\n"
                        "--o=u_t--\n");
    CHECK(content.from->name == "Zoë Müller, Größe");
    CHECK(content.from->email == "anna@outside.test");
    REQUIRE(content.to.size() == 3);
    CHECK(content.to[0].name == "Alice, A.");
    CHECK(content.to[2].email == "carol@example.test");
    CHECK(content.cc.at(0).name == "山田");
    CHECK(content.reply_to.at(0).email == "answers@outside.test");
    CHECK(content.subject == "Grüße aus Köln");
    CHECK(content.date == "2026-11-24T10:43:10.000Z");
    CHECK(content.message_id == "1@outside.test");
    CHECK(content.text == "Grüße\nFrom: here on a line that looks like a field\n");
    CHECK(content.html == "<p>Grüße <img src=\"cid:logo@x\"></p>");
    CHECK_FALSE(content.truncated);

    REQUIRE(content.attachments.size() == 4);
    CHECK(content.attachments[0].filename == "logo.png");
    CHECK(content.attachments[0].content_id == "logo@x");
    CHECK(content.attachments[0].is_inline);
    CHECK(content.attachments[0].content == "\x89PNG");
    CHECK(content.attachments[1].filename == "Übersicht.pdf");
    CHECK(content.attachments[1].content == "%PDF");
    CHECK(content.attachments[2].content_type == "text/calendar");
    CHECK(content.attachments[3].content_type == "message/rfc822");
    CHECK(content.attachments[3].content ==
          "From: inner@outside.test\r\nTo: somebody@outside.test\r\nSubject: inner\r\n\r\n"
          "inner text");

    CHECK(content.authentication.dkim == "pass");
    CHECK(content.authentication.spf == "pass");
    CHECK(content.authentication.dmarc == "pass");
    CHECK(content.authentication.arc.empty()); // another server's word
    CHECK(content.marked_as_spam);
    CHECK(content.verdict->score == -1.6);
    CHECK(content.verdict->reject_at == 15);
    REQUIRE(content.verdict->symbols.size() == 3);
    CHECK(content.verdict->symbols[1].first == "SUBJECT_ODD");
    REQUIRE(content.last_hop.has_value());
    CHECK(content.last_hop->queue_id == "4fXyZ12abcz1");
    CHECK(content.last_hop->tls == "TLSv1.3");
    CHECK(content.last_hop->cipher == "TLS_AES_256_GCM_SHA384");
    CHECK(content.last_hop->address == "198.51.100.77");
    CHECK(content.last_hop->client == "client.outside.test");
    CHECK(content.last_hop->recipient == "Alice+Tag@example.test");
    CHECK(content.headers.front().first == "Received");
    CHECK(content.header("subject") == "Grüße aus Köln");
}

TEST_CASE("what our own users and programs claim of Rspamd's word is not believed") {
    const std::string claims = "Authentication-Results: mail.example.test; dkim=pass\nX-Spam: Yes\n"
                               "X-Spamd-Result: default: False [-9.00 / 15.00]\n\nx";
    for (const auto* top :
         {"", "Received: from x (localhost [127.0.0.1])\n\tby mail.example.test (Postfix) with ESMTP id A1; now\n",
          "Received: from x (x [192.0.2.1])\n\tby mail.example.test (Postfix) with ESMTPSA id A1; now\n",
          "Received: by mail.example.test (Postfix, from userid 0) id A1; now\n",
          "Received: from x (x [192.0.2.1])\n\tby mail.other.test (Postfix) with ESMTPS id A1; now\n"}) {
        INFO(top);
        const auto content = read(top + claims);
        CHECK(content.authentication.dkim.empty());
        CHECK_FALSE(content.marked_as_spam);
        CHECK_FALSE(content.verdict.has_value());
    }
    CHECK(read(received + claims).authentication.dkim == "pass");
}

TEST_CASE("a message without TLS, of nobody that is known, or of this host itself, has its queue id all the same") {
    auto hop =
        read("Received: from [192.0.2.9] (unknown [IPv6:2001:db8::9])\n\tby mail.example.test (Postfix) with ESMTP id "
             "ABC123DEF456\n\tfor <a@example.test>; now\n\nx")
            .last_hop;
    REQUIRE(hop.has_value());
    CHECK(hop->client.empty());
    CHECK(hop->address == "2001:db8::9");
    CHECK(hop->tls.empty());
    hop = read("Received: by mail.example.test (Postfix, from userid 0)\n\tid ABC123; Tue\n\nx").last_hop;
    REQUIRE(hop.has_value());
    CHECK(hop->queue_id == "ABC123");
    CHECK(hop->helo.empty());
    CHECK_FALSE(read("Received: from x by mail.other.test (Postfix) id 1;\n\nx").last_hop.has_value());
}

TEST_CASE("encoded words that end within a letter, or with padding, are one text") {
    CHECK(
        read("Subject: =?utf-8?B?5pel?= =?UTF-8?b?5pys6A==?=\n =?utf-8?b?qp4=?= and =?utf-8?q?=C3=BC?=\n\nx").subject ==
        "日本語 and ü");
    CHECK(read("Subject: =?utf-8?b?w7w=?= =?iso-8859-1?b?/A==?= =?utf-8?b?!!?= =?\n\nx").subject.starts_with("üü"));
    CHECK(read("From: =?utf-8?b?w7w=?= =?utf-8?b?w7w=?= <a@b.test>\n\nx").from->name == "üü");
    CHECK(read("Content-Type: application/pdf;\n name=\"=?utf-8?b?w7w=?=\n "
               "=?utf-8?b?w7w=?=.pdf\"\nContent-Disposition: attachment\n\nx")
              .attachments.at(0)
              .filename == "üü.pdf");
    CHECK(read("Subject:\n folded\n\nx").subject == "folded");
}

TEST_CASE("texts are read in every charset, and what is in none is no fault") {
    const auto text = [](const std::string& charset, const std::string& octets) {
        return read_inbound("Content-Type: text/plain; charset=" + charset + "\r\n\r\n" + octets, us).text;
    };
    CHECK(text("koi8-r", "\xF0\xD2\xC9\xD7\xC5\xD4") == "Привет");
    CHECK(text("windows-1251", "\xCF\xF0\xE8") == "При");
    CHECK(text("shift_jis", "\x93\xFA\x96\x7B") == "日本");
    CHECK(text("iso-2022-jp", "\x1B$BF|K\\\x1B(B") == "日本");
    CHECK(text("gb2312", "\xC4\xE3\xBA\xC3") == "你好");
    CHECK(text("euc-kr", "\xBE\xC8") == "안");
    CHECK(text("iso-8859-1", "\x80 5") == "€ 5");            // as the web reads it
    CHECK(text("us-ascii", "Gr\xC3\xBC\xC3\x9F") == "Grüß"); // as it was meant
    CHECK(text("us-ascii", "Gr\xFC\xDF") == "Grüß");
    CHECK(text("utf-8", "a\xFF"
                        "b") == "a\xEF\xBF\xBD"
                                "b");
    CHECK(text("utf-8", "cut \xE2\x82") == "cut \xEF\xBF\xBD");
    CHECK(text("no-such-charset", "Gr\xFC\xDF") == "Grüß");
    CHECK(text("\"utf-8//TRANSLIT\"", "ä") == "ä");
    CHECK(text("../../etc/x", "ä") == "ä");
    CHECK(text("utf-16le", std::string("h\0i\0", 4)) == "hi");
    CHECK(is_utf8(text("utf-8", std::string("a\0b", 3))));
    // Whatever the octets are, it is UTF-8 that comes out.
    std::string every;
    for (int i = 1; i < 256; ++i)
        every += static_cast<char>(i);
    for (const auto* charset : {"utf-8", "utf-7", "utf-16", "utf-32", "iso-2022-jp", "iso-2022-kr", "iso-2022-cn-ext",
                                "gb18030", "big5", "hz", "euc-jp", "ibm1390", "ucs-2", "cp437"})
        CHECK(is_utf8(mail::from_charset(every, charset)));
}

TEST_CASE("lines that flow are joined, quotations stay apart") {
    const auto content = read("Content-Type: text/plain; charset=utf-8; format=flowed\n\n"
                              "A long \nline.\n> quoted \n> too\n\n-- \nAnna \n");
    CHECK(content.text == "A long line.\n> quoted too\n\n-- \nAnna ");
    CHECK(content.stripped_text == "A long line.");
    CHECK(read("Content-Type: text/plain; format=flowed; delsp=yes\n\nver \nlaufen\n").text == "verlaufen\n");
}

TEST_CASE("what was written for a message is told from what it answers to") {
    for (const auto* above :
         {"On Tue, 24 Nov 2026 at 10:00, Anna <anna@outside.test> wrote:",
          "On Tue, Nov 24, 2026 at 10:00 AM Anna Example\n<anna.with.a.long.address@outside.test> wrote:",
          "Am 24.11.2026 um 10:00 schrieb Anna <anna@outside.test>:\n> Am 24.11. schrieb:",
          "-----Original Message-----", "-----Ursprüngliche Nachricht-----",
          "________________________________\nFrom: Anna\nSent: Tuesday\nTo: Bob",
          "Von: Anna <anna@outside.test>\nGesendet: Dienstag\nAn: Bob",
          "Le mar. 24 nov. 2026, Anna a écrit :", "-- \nBob\nExample Ltd"}) {
        INFO(above);
        CHECK(mail::stripped_reply("Yes, at ten.\n\nSee you: Bob\n\n" + std::string(above) + "\n> Shall we meet?\n") ==
              "Yes, at ten.\n\nSee you: Bob");
    }
    CHECK(mail::stripped_reply("> Shall we meet?\nYes.\n> And then?\n") == "> Shall we meet?\nYes.");
    CHECK(mail::stripped_reply("On the other hand he wrote:\nnothing") == "On the other hand he wrote:\nnothing");
    CHECK(mail::stripped_reply("From: this is a sentence.\nAnother.\n") == "From: this is a sentence.\nAnother.");
    CHECK(mail::stripped_reply("").empty());
}

TEST_CASE("signed and encrypted messages keep what is in them, and their signatures are files") {
    const auto is_signed =
        read("Content-Type: multipart/signed; boundary=s; micalg=pgp-sha256; protocol=\"application/pgp-signature\"\n\n"
             "--s\nContent-Type: text/plain\n\nsigned text\n--s\nContent-Type: application/pgp-signature; "
             "name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----\n--s--\n");
    CHECK(is_signed.text == "signed text");
    REQUIRE(is_signed.attachments.size() == 1);
    CHECK(is_signed.attachments[0].filename == "signature.asc");
    const auto encrypted =
        read("Content-Type: multipart/encrypted; boundary=e; protocol=\"application/pgp-encrypted\"\n\n"
             "--e\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--e\n"
             "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--e--\n");
    CHECK(encrypted.text.empty());
    CHECK(encrypted.attachments.size() == 2);
}

TEST_CASE("a broken message is read as far as that goes") {
    CHECK(read("").headers.empty());
    CHECK(read("no header at all\n").text.empty());
    CHECK(read("\nonly a body\n").text == "only a body\n");
    const auto open =
        read("Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nnever closed\n");
    CHECK(open.text == "never closed\n");
    const auto unbounded = read("Subject: \xFF\xFE\nContent-Type: multipart/mixed\n\nno boundary\n");
    CHECK(is_utf8(unbounded.subject));
    const auto odd = read("Content-Type: text/plain; charset\nContent-Transfer-Encoding: base64\n\n!!!not base64!!!\n");
    CHECK(is_utf8(odd.text));
    CHECK(read("Content-Type: image/png\nContent-Disposition: attachment; filename=\"../../etc/pass\x01wd\"\n\nx")
              .attachments.at(0)
              .filename == "passwd");
    CHECK(read("Content-Type: x\r\n\thtml/y; z\n\nx").attachments.size() +
              read("Content-Type: ///\n\nx").attachments.size() <=
          2);
}

TEST_CASE("a message that is made to cost is read to its end") {
    // What takes time by the square of these lengths does not end within the time limit of the tests.
    const auto whole = [](const std::string& message) {
        auto content = read_inbound(message, us);
        CHECK((content.truncated || !content.headers.empty()));
        CHECK(is_utf8(content.text));
        return content;
    };
    std::string nested;
    for (int i = 0; i < 5000; ++i)
        nested += fmt::format("Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n", i);
    CHECK(whole(nested).truncated);
    std::string messages;
    for (int i = 0; i < 5000; ++i)
        messages += "Content-Type: message/rfc822\r\n\r\n";
    CHECK(whole(messages).truncated);
    std::string parts = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
    for (int i = 0; i < 50000; ++i)
        parts += "--x\r\n\r\n\r\n";
    CHECK(whole(parts).truncated);
    std::string digest = "Content-Type: multipart/digest; boundary=x\r\n\r\n";
    for (int i = 0; i < 20000; ++i)
        digest += "--x\r\n\r\nSubject: " + std::string(20, '=') + "\r\n\r\n";
    CHECK(whole(digest).truncated);
    std::string words = "Subject: ";
    for (int i = 0; i < 100000; ++i)
        words += "=?utf-8?q?x";
    whole(words + "\r\n\r\nx");
    whole("Content-Type: message/rfc822\r\n\r\n" + words + "\r\n\r\nx");
    std::string groups = "To: ";
    for (int i = 0; i < 200000; ++i)
        groups += "a:";
    whole(groups + "\r\n\r\nx");
    whole("To: " + std::string(1000000, '(') + "\r\n\r\nx");
    whole("To: " + std::string(1000000, '<') + "\r\n\r\nx");
    whole("Content-Type: text/plain;" + std::string(1000000, ';') + "\r\n\r\nx");
    whole("Content-Disposition: attachment; filename=\"" + words + "\"\r\n\r\nx");
    std::string fields;
    for (int i = 0; i < 200000; ++i)
        fields += "X: =?utf-8?q?x?=\r\n";
    CHECK(whole(fields + "\r\nx").truncated);
    std::string lines;
    for (int i = 0; i < 200000; ++i)
        lines += "On 1 a@b\n";
    whole("Content-Type: text/plain; format=flowed\n\n" + lines);
}

TEST_CASE("an event says of a message what was read, with large files by URL; Postmark's form has everything in it") {
    auto content = read(
        received +
        "From: Anna <anna@outside.test>\nTo: \"A \\\"B\\\"\" <alice+tag@example.test>\nSubject: s\nDate: Tue, 24 Nov "
        "2026 10:43:10 +0000\n\nhello\n");
    content.attachments.push_back(
        {.filename = "small.txt", .content_type = "text/plain", .content_id = "c", .content = "abc"});
    content.attachments.push_back({.filename = "large.bin",
                                   .content_type = "application/octet-stream",
                                   .content_id = {},
                                   .content = std::string(300000, 'x')});
    const std::string key(64, 'k');
    const mail::Arrival arrival{.id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11",
                                .route = "r",
                                .domain = "example.test",
                                .recipient = "alice+Tag@example.test",
                                .tag = "Tag",
                                .sender = "bounces@outside.test",
                                .size = 1234,
                                .at = parse_rfc3339("2026-11-24T10:43:11.000Z"),
                                .api = "https://mail.example.test/api/v1",
                                .link_key = key};
    const Json native = mail::native_payload(content, arrival);
    CHECK(native["recipient"].get<std::string>() == "alice+Tag@example.test");
    CHECK(native["tag"].get<std::string>() == "Tag");
    CHECK(native["text"].get<std::string>() == "hello\n");
    CHECK(native["html"].is_null());
    CHECK(native["client"]["tls"].get<std::string>() == "TLSv1.3");
    CHECK(native["spam"]["score"].is_null());
    CHECK(native["attachments"][0]["content"].get<std::string>() == "YWJj");
    CHECK(native["attachments"][0]["url"].is_null());
    CHECK(native["attachments"][1]["content"].is_null());
    const std::string url = native["attachments"][1]["url"];
    const std::string start =
        "https://mail.example.test/api/v1/inbound/" + arrival.id + "/attachments/1?expires=1796121791&signature=";
    REQUIRE(url.starts_with(start));
    const std::string signature = url.substr(start.size());
    CHECK(mail::is_signed(arrival.id, 1, 1796121791, signature, key));
    CHECK_FALSE(mail::is_signed(arrival.id, 0, 1796121791, signature, key));
    CHECK_FALSE(mail::is_signed(arrival.id, 1, 1796121792, signature, key));
    CHECK_FALSE(mail::is_signed(arrival.id, 1, 1796121791, signature, std::string(64, 'j')));
    CHECK_FALSE(mail::is_signed(arrival.id, 1, 1796121791, "", key));

    const Json postmark = mail::postmark_payload(content, arrival);
    CHECK(postmark["From"].get<std::string>() == "anna@outside.test");
    CHECK(postmark["FromFull"]["Name"].get<std::string>() == "Anna");
    CHECK(postmark["To"].get<std::string>() == R"("A \"B\"" <alice+tag@example.test>)");
    CHECK(postmark["ToFull"][0]["MailboxHash"].get<std::string>() == "Tag");
    CHECK(postmark["OriginalRecipient"].get<std::string>() == "alice+Tag@example.test");
    CHECK(postmark["MailboxHash"].get<std::string>() == "Tag");
    CHECK(postmark["TextBody"].get<std::string>() == "hello\n");
    CHECK(postmark["StrippedTextReply"].get<std::string>() == "hello");
    CHECK(postmark["HtmlBody"].get<std::string>().empty());
    CHECK(postmark["Date"].get<std::string>() == "Tue, 24 Nov 2026 10:43:10 +0000");
    CHECK(postmark["Attachments"].size() == 2);
    CHECK(postmark["Attachments"][1]["ContentLength"] == 300000);

    content.text = std::string(1048575, 'x') + "ä";
    const Json cut = mail::native_payload(content, arrival);
    CHECK(cut["text"].get<std::string>() == std::string(1048575, 'x'));
    CHECK(cut["truncated"] == true);
}

TEST_CASE("a copy's address has in it to whom the message went") {
    CHECK(mail::inbound_recipient("alice+tag=example.test@inbound.internal") == "alice+tag@example.test");
    CHECK(mail::inbound_recipient("a=b=example.test@INBOUND.internal") == "a=b@example.test");
    CHECK(mail::inbound_recipient("alice@example.test") == "alice@example.test");
    CHECK(mail::inbound_recipient("alice@inbound.internal") == "alice@inbound.internal");
    CHECK(mail::inbound_tag("alice+a+b@example.test", "+") == "a+b");
    CHECK(mail::inbound_tag("alice@example.test", "+").empty());
    CHECK(mail::inbound_tag("alice+a@example.test", "").empty());
    CHECK(mail::inbound_tag("+a@example.test", "+").empty());
}
