#include "health/letter.hpp"

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vectis::health {

namespace {

constexpr std::array folders{"INBOX", "Junk"};

} // namespace

Error red(const std::string& what) {
    return Error(Code::probe_failed, what);
}

Deadline in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

Letter write_letter(const Facts& facts, const std::string& sender, const std::string& body) {
    Letter letter;
    const std::string token = random_hex(16);
    letter.message_id = fmt::format("<probe.{}@{}>", token, facts.hostname);
    letter.body = body;
    letter.text = fmt::format("From: Vectis readiness probe <{}>\r\n"
                              "To: <{}>\r\n"
                              "Subject: Readiness probe {}\r\n"
                              "Date: {}\r\n"
                              "Message-ID: {}\r\n"
                              "Auto-Submitted: auto-generated\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=us-ascii\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "{}",
                              sender, facts.mailbox, token, message_date(now()), letter.message_id, body);
    return letter;
}

Imap open_mailbox(const Facts& facts, Deadline deadline) {
    Imap imap({facts.address, 993, facts.client}, facts.hostname, deadline);
    if (const std::string answer = imap.login(facts.mailbox, facts.password); !answer.empty())
        throw red(fmt::format("{} could not log in at {}: '{}', expected OK", facts.mailbox,
                              imap.connection().peer().text(), answer));
    imap.select("INBOX");
    return imap;
}

Smtp open_submission(const Facts& facts, Deadline deadline) {
    Smtp smtp({facts.address, static_cast<std::uint16_t>(facts.submission ? 587 : 465), facts.client},
              facts.submission ? Smtp::Tls::starttls : Smtp::Tls::wrapper, facts.hostname, "probe.vectis.invalid",
              deadline);
    if (const Reply reply = smtp.authenticate(facts.mailbox, facts.password); reply.code != 235)
        throw red(fmt::format("{} could not log in at {}: '{}', expected 235", facts.mailbox,
                              smtp.connection().peer().text(), reply.text()));
    return smtp;
}

void address(Smtp& smtp, const std::string& sender, const std::string& recipient) {
    for (const auto& line : {fmt::format("MAIL FROM:<{}>", sender), fmt::format("RCPT TO:<{}>", recipient)}) {
        if (const Reply reply = smtp.command(line); !reply.positive())
            throw red(fmt::format("{} was answered with '{}' at {}, expected 250", line, reply.text(),
                                  smtp.connection().peer().text()));
    }
}

std::optional<Delivered> take(Imap& imap, const Letter& letter, Deadline until) {
    for (;;) {
        for (const auto* folder : folders) {
            imap.select(folder);
            const auto uids = imap.search(fmt::format("HEADER Message-ID \"{}\"", letter.message_id));
            if (uids.empty())
                continue;
            Delivered delivered{folder, imap.fetch(uids.front())};
            imap.remove(uids);
            return delivered;
        }
        if (std::chrono::steady_clock::now() >= until)
            return std::nullopt;
        // Most mail comes to INBOX; a short wait at a time, for it may have come to Junk or between the two questions.
        imap.select(folders.front());
        imap.wait_for_news(std::min(until, in(std::chrono::milliseconds(500))));
    }
}

void sweep(Imap& imap) {
    for (const auto* folder : folders) {
        imap.select(folder);
        imap.remove(imap.search("OLDER 600"));
    }
}

} // namespace vectis::health
